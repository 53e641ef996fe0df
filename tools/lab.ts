/** `npm run lab`: opens JupyterLab, with the TypeScript kernel of this project, on the user's own copies of the notebooks. */
import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';
import { runCommand } from '../lib/src/command/commandLine.js';
import { option, readArguments, text } from '../lib/src/command/option.js';
import { findJupyter, registerKernel, runProgram } from './jupyter.js';
import { copyNotebooks } from './ownNotebooks.js';
import { repositoryRoot } from './repositoryRoot.js';

const command = {
  name: 'lab',
  positionals: '[options of Jupyter]',
  isCount: () => true,
  about:
    'Copies the notebooks into a folder of yours, never over one that is there, and opens JupyterLab on the first. What follows "--" ' +
    'is handed to Jupyter, for example: npm run lab -- -- --no-browser --port 8899',
  options: {
    folder: option(
      '<folder>',
      'of your notebooks, below the repository so that they find landlens',
      text,
      'my-notebooks',
    ),
  },
};

runCommand(async (argv) => {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const folder = join(repositoryRoot, read.values.folder);
  const { copied, outdated } = await copyNotebooks(repositoryRoot, folder);
  const shown = relative(process.cwd(), folder);
  if (copied.length > 0) console.error(`Copied into ${shown}: ${copied.join(', ')}`);
  if (outdated.length > 0) {
    console.error(
      `Kept, though the originals have changed: ${outdated.join(', ')}. Delete a copy to get it anew.`,
    );
  }
  const { command: jupyter, source } = await findJupyter(repositoryRoot, { report: console.error });
  const environment = await registerKernel(repositoryRoot);
  const hasLab = (await runProgram(jupyter, ['lab', '--version'])).status === 0;
  console.error(`Jupyter ${source}${hasLab ? '' : '; it has no JupyterLab, so the classic notebook opens'}`);
  // Jupyter refuses to serve as root unless told to, as in a container.
  const asRoot = process.getuid?.() === 0 ? ['--allow-root'] : [];
  // JupyterLab would ask PyPI for a newer version at every start.
  const program = hasLab
    ? ['lab', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate']
    : ['notebook'];
  const first = join(folder, '00-start-here.ipynb');
  const server = spawn(jupyter, [...program, ...asRoot, ...read.positionals, first], {
    env: environment,
    stdio: 'inherit',
  });
  // Ctrl+C is Jupyter's to answer: it asks whether kernels shall be ended.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.on('close', (code) => resolve(code ?? 0));
  });
});
