/** `npm run notebooks`: executes the notebooks in place, each in a clean kernel. */
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { print, runCommand, untilInterrupted } from '../lib/src/command/commandLine.js';
import { parseParameters } from './notebookFile.js';
import { repositoryRoot } from './repositoryRoot.js';
import { runNotebooks } from './runNotebooks.js';

const usage = `Usage: npm run notebooks -- [options]

Executes the notebooks from top to bottom, each in a clean kernel, and keeps their outputs. Jupyter is found on the
PATH, else in .venv, else installed into .venv (PyPI), else from Debian's packages.

  --only <01,03>         numbers of the notebooks (default: all)
  --set <NAME=value>     another value for a notebook's constant, in those that have it; may be repeated, for example
                         --set DATASET=bigearthnet:/data/BigEarthNet-v1.0
                         --set 'METHODS=["grad-cam","occlusion"]'
  --out <folder>         where the executed notebooks go (default: notebooks, or results/notebooks with --set)
  --html                 also writes self-contained HTML pages into results/notebooks
  --help                 this text`;

runCommand(async (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      html: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(usage);
    return 0;
  }
  const pages = join(repositoryRoot, 'results/notebooks');
  const own = values.set.length === 0 ? join(repositoryRoot, 'notebooks') : pages;
  const out = values.out === undefined ? own : resolve(values.out);
  const parameters = parseParameters(values.set);
  return untilInterrupted(
    (signal) =>
      runNotebooks({
        ...{ root: repositoryRoot, parameters, out, signal },
        ...(values.only !== undefined && { only: values.only.split(',') }),
        ...(values.html && { pages }),
      }),
    {
      stopped: `Stopped; the notebooks that were finished are kept in ${relative(process.cwd(), out) || '.'}.`,
    },
  );
});
