/** `landlens`: the commands that work outside the repository too. */

import { InputError } from '../error.js';
import { print, runCommand } from './commandLine.js';
import { enginesCommand } from './engines.js';
import { mapCommand } from './map.js';
import { packCommand } from './pack.js';
import { statisticsCommand } from './statistics.js';

const commands: Readonly<Record<string, { readonly about: string; readonly run: typeof packCommand }>> = {
  pack: { about: 'copy a data set into few large files that are fast to read', run: packCommand },
  statistics: {
    about: 'compute mean and deviation of the bands of a data set',
    run: statisticsCommand,
  },
  map: { about: 'explain a whole scene into a GeoTIFF', run: mapCommand },
  engines: { about: 'what can compute here, and why the rest cannot', run: enginesCommand },
};

const usage = `Usage: landlens <command> [options]

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(11)} ${about}`)
  .join('\n')}

landlens <command> --help says more.`;

runCommand(async ([name, ...rest]) => {
  if (name === undefined || name === '--help') {
    print(usage);
    return 0;
  }
  if (Object.hasOwn(commands, name)) return commands[name].run(rest);
  throw new InputError({
    what: 'no such command',
    where: 'landlens',
    expected: Object.keys(commands).join(' or '),
    got: JSON.stringify(name),
  });
});
