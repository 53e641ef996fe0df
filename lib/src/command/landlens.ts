/** `landlens`: the program, with a command as its first argument. */
import { failAt } from '../error.js';
import { casesCommand } from './cases.js';
import { print, runCommand } from './commandLine.js';
import { enginesCommand } from './engines.js';
import { mapCommand } from './map.js';
import { packCommand } from './pack.js';
import { reproduceCommand } from './reproduce.js';
import { statisticsCommand } from './statistics.js';
import { studyCommands } from './study.js';
import { trainCommand } from './train.js';
import { truthCommand } from './truth.js';

interface Command {
  readonly about: string;
  /** Runs it with the arguments after its name; returns the exit status. */
  readonly run: (argv: readonly string[]) => Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  reproduce: { about: "the paper's study, on a data set of your choice", run: reproduceCommand },
  study: { about: 'the same in parts, by many processes: planned, run, merged', run: studyCommands },
  cases: { about: 'single images, by name, explained by every method', run: casesCommand },
  truth: { about: 'which methods find what was planted in the rendered scenes', run: truthCommand },
  map: { about: 'explain a whole scene into a GeoTIFF', run: mapCommand },
  train: { about: 'train a classifier', run: trainCommand },
  statistics: { about: 'compute mean and deviation of the bands of a data set', run: statisticsCommand },
  pack: { about: 'copy a data set into few large files that are fast to read', run: packCommand },
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
  throw failAt('landlens')('no such command', Object.keys(commands).join(' or '), JSON.stringify(name));
});
