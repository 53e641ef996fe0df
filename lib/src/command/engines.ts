/** `landlens engines`: what can compute here. */

import { parseArgs } from 'node:util';
import { type EngineAvailability, engineNames, listEngines } from '../engine/engines.js';
import { print } from './commandLine.js';

const usage = `Usage: landlens engines

Starts every engine and says which of ${engineNames.join(', ')} can be named with --engine here, and what the others
lack.`;

/** The command, with the arguments after `engines`; returns its exit status. */
export async function enginesCommand(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { help: { type: 'boolean', default: false } } });
  print(values.help ? usage : (await listEngines()).map(lines).join('\n'));
  return 0;
}

function lines({ name, usable, problems }: EngineAvailability): string {
  const texts = [usable === undefined ? 'not usable' : `usable: ${usable}`, ...problems];
  return texts.map((text, i) => `${(i === 0 ? name : '').padEnd(12)}${text}`).join('\n');
}
