/** Executes notebooks from top to bottom in a clean kernel, and makes pages of them. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../lib/src/error.js';
import { writeFileAtomic } from '../lib/src/io/file.js';
import { type Jupyter, registerKernel, runProgram } from './jupyter.js';
import { encodeNotebook, type Parameters, readNotebook, withParameters } from './notebookFile.js';

export interface NotebookRunOptions {
  readonly jupyter: Jupyter;
  /** Of the repository: the kernel and temporary files are kept below. */
  readonly root: string;
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
}

/** Names of the repository's notebooks, in order. */
export async function listNotebooks(root: string): Promise<readonly string[]> {
  const names = await readdir(join(root, 'notebooks'));
  return names.filter((name) => /^\d\d-[\w-]+\.ipynb$/.test(name)).sort();
}

/** What a cell printed when it failed, as `nbconvert_config.py` marks it; else the end of nbconvert's own output. */
function failureOf(output: string): string {
  const [, printed] = /<cell-failed>\n([\s\S]*?)\n<\/cell-failed>/.exec(output) ?? [];
  const lines = (printed ?? output.trim().split('\n').slice(-3).join('\n')).trim().split('\n');
  return lines
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')
    .replace(/^\[?InputError: ([\s\S]*?)\]?$/, '$1')
    .slice(0, 1000);
}

/**
 * Executes a notebook and writes the result, atomically, to `out`. InputError with what the failing cell printed where
 * one fails: `out` is left as it was.
 */
export async function executeNotebook(
  path: string,
  out: string,
  { jupyter, root, parameters = {}, signal }: NotebookRunOptions,
): Promise<void> {
  const environment = await registerKernel(root);
  const notebook = withParameters(await readNotebook(path), parameters, basename(path));
  // Below the repository, so that the kernel finds the packages that the notebook imports.
  await mkdir(join(root, 'results'), { recursive: true });
  const folder = await mkdtemp(join(root, 'results', '.notebook-'));
  try {
    const name = basename(path);
    await writeFileAtomic(join(folder, name), JSON.stringify(notebook));
    const { status, output } = await runProgram(
      jupyter.command,
      [
        ...['nbconvert', '--config', join(root, 'notebooks/nbconvert_config.py')],
        ...['--to', 'notebook', '--execute', '--output', `done-${name}`, join(folder, name)],
      ],
      { environment, signal },
    );
    signal?.throwIfAborted();
    if (status !== 0) {
      throw new InputError({ what: `a cell failed\n${failureOf(output)}`, where: basename(path) });
    }
    await writeFileAtomic(out, encodeNotebook(await readNotebook(join(folder, `done-${name}`))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes each notebook as a self-contained HTML page into `out`: figures interactive, nothing fetched from anywhere. */
export async function writePages(
  notebooks: readonly string[],
  out: string,
  { jupyter, root }: Pick<NotebookRunOptions, 'jupyter' | 'root'>,
): Promise<readonly string[]> {
  const plotly = dirname(
    createRequire(new URL('../lib/package.json', import.meta.url)).resolve('plotly.js-dist/plotly.js'),
  );
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, '.pages-'));
  try {
    const { status, output } = await runProgram(jupyter.command, [
      ...['nbconvert', '--to', 'html', '--template', 'template', '--output-dir', folder],
      `--TemplateExporter.extra_template_basedirs=${join(root, 'notebooks')}`,
      `--TemplateExporter.extra_template_paths=${plotly}`,
      ...notebooks,
    ]);
    if (status !== 0) {
      throw new InputError({ what: `nbconvert failed: ${failureOf(output)}`, where: 'HTML pages' });
    }
    const pages = (await readdir(folder)).filter((name) => name.endsWith('.html')).sort();
    for (const page of pages) await writeFileAtomic(join(out, page), await readFile(join(folder, page)));
    return pages.map((page) => join(out, page));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
