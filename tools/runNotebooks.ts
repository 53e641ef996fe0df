/** Executes the repository's notebooks one after the other, with progress; what has no parameter of a name keeps its own. */

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { print } from '../lib/src/command/commandLine.js';
import { InputError } from '../lib/src/error.js';
import { createProgress, duration } from '../lib/src/io/progress.js';
import { findJupyter } from './jupyter.js';
import { neededPaths, type Parameters, parametersOf, readNotebook } from './notebookFile.js';
import { executeNotebook, listNotebooks, writePages } from './notebookRun.js';

export interface NotebooksOptions {
  /** Of the repository. */
  readonly root: string;
  /** Applied to every notebook that has a constant of the name. */
  readonly parameters?: Parameters;
  /** Folder of the executed notebooks. */
  readonly out: string;
  /** Two-digit numbers; all where absent. */
  readonly only?: readonly string[];
  /** Folder of the HTML pages; none where absent. */
  readonly pages?: string;
  readonly signal?: AbortSignal;
}

/**
 * Executes and writes the notebooks; a failing one is an InputError, and the rest are not run. One that needs what is not
 * there is left out and named, or an InputError where it is asked for.
 */
export async function runNotebooks({
  root,
  parameters = {},
  out,
  only,
  pages,
  signal,
}: NotebooksOptions): Promise<void> {
  const all = await listNotebooks(root);
  const unknown = only?.find((number) => !all.some((name) => name.startsWith(`${number}-`)));
  if (unknown !== undefined) {
    throw new InputError({
      what: 'no such notebook',
      where: '--only',
      expected: all.map((name) => name.slice(0, 2)).join(','),
      got: `"${unknown}"`,
    });
  }
  const chosen: { readonly name: string; readonly own: Parameters }[] = [];
  const used = new Set<string>();
  for (const name of all.filter((each) => only?.includes(each.slice(0, 2)) ?? true)) {
    const notebook = await readNotebook(join(root, 'notebooks', name));
    const known = parametersOf(notebook);
    const own = Object.entries(parameters).filter(([parameter]) => known.includes(parameter));
    for (const [parameter] of own) used.add(parameter);
    const missing = neededPaths(notebook, parameters).find((needed) => !existsSync(needed));
    if (missing === undefined) {
      chosen.push({ name, own: Object.fromEntries(own) });
      continue;
    }
    const what = `it needs ${missing}, which does not come with landlens: see its first cell`;
    if (only !== undefined) throw new InputError({ what, where: name });
    print(`${basename(name, '.ipynb')}: left out, as ${what}`);
  }
  const jupyter = await findJupyter(root, { report: (line) => console.error(line) });
  print(`${chosen.length} notebooks; Jupyter ${jupyter.source}, nbconvert ${jupyter.version}`);
  const progress = createProgress(chosen.map(({ name }) => name));
  const written: string[] = [];
  try {
    for (const { name, own } of chosen) {
      signal?.throwIfAborted();
      const path = join(root, 'notebooks', name);
      const since = Date.now();
      progress.start(name, name);
      const target = join(out, name);
      await executeNotebook(path, target, { jupyter, root, parameters: own, signal });
      progress.done();
      written.push(target);
      const { size } = await stat(target);
      print(`${basename(name, '.ipynb')}: ${duration(Date.now() - since)}, ${Math.ceil(size / 1024)} KB`);
    }
  } finally {
    progress.finish();
  }
  const unused = Object.keys(parameters).find((parameter) => !used.has(parameter));
  if (unused !== undefined) {
    throw new InputError({ what: `no notebook has a constant ${unused}`, where: '--set' });
  }
  if (pages === undefined) return;
  const files = await writePages(written, pages, { jupyter, root });
  print(`${files.length} pages in ${relative(process.cwd(), pages) || '.'}`);
}
