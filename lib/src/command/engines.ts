/** `landlens engines`: what can compute here. */

import { type EngineAvailability, engineNames, listEngines } from '../engine/engines.js';
import { print } from './commandLine.js';
import { readArguments } from './option.js';

const command = {
  name: 'engines',
  about: `Starts every engine and says which of ${engineNames.join(', ')} can be named with --engine here, and what the others lack.`,
  options: {},
};

export async function enginesCommand(argv: readonly string[]): Promise<number> {
  if (readArguments(command, argv) === undefined) return 0;
  print((await listEngines()).map(lines).join('\n'));
  return 0;
}

function lines({ name, usable, problems }: EngineAvailability): string {
  const texts = [usable === undefined ? 'not usable' : `usable: ${usable}`, ...problems];
  return texts.map((text, i) => `${(i === 0 ? name : '').padEnd(12)}${text}`).join('\n');
}
