/** `npm run reproduce`: the study, and then the notebooks on what was studied. */
import { interrupted, listenForInterrupt, print, runCommand } from '../lib/src/command/commandLine.js';
import { flag, readArguments } from '../lib/src/command/option.js';
import { reproduce, rerun } from '../lib/src/command/reproduce.js';
import { studyCommand, studyOptionsOf } from '../lib/src/command/studyOptions.js';
import { repositoryRoot } from './repositoryRoot.js';
import { reproducedNotebooks } from './reproducedNotebooks.js';
import { runNotebooks } from './runNotebooks.js';

const command = {
  ...studyCommand,
  options: {
    ...studyCommand.options,
    'no-notebooks': flag('the study alone: executes no notebook at the end'),
  },
};

runCommand(async (argv) => {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const options = studyOptionsOf(read.values);
  const signal = listenForInterrupt();
  const status = await reproduce(options, rerun(argv), signal);
  if (status !== 0 || read.values['no-notebooks']) return status;
  const run = reproducedNotebooks(options);
  if (typeof run === 'string') {
    print(run);
    return 0;
  }
  try {
    await runNotebooks({ root: repositoryRoot, ...run, signal });
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print(
      `Stopped; the study is finished, and so are the notebooks named above. To resume:\n  ${rerun(argv)}`,
    );
    return interrupted;
  }
});
