/** The kept notebooks are complete, all are tried, and one that fails says why in one sentence. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import type { Jupyter } from '../../tools/jupyter.js';
import { type Parameters, readNotebook } from '../../tools/notebookFile.js';
import { executeNotebook, listNotebooks } from '../../tools/notebookRun.js';
import { runNotebooks } from '../../tools/runNotebooks.js';
import { findJupyterOrSkip } from './jupyter.js';
import { assertComplete, reduced, root } from './reduced.js';

describe('kept notebooks', () => {
  it('are all run by a test', async () => {
    assert.deepEqual(
      await listNotebooks(root),
      Object.keys(reduced).map((name) => `${name}.ipynb`),
    );
  });

  for (const name of Object.keys(reduced)) {
    it(`${name} is kept with the outputs of one run, in at most 2 MB`, async () => {
      const path = join(root, 'notebooks', `${name}.ipynb`);
      const text = await readFile(path, 'utf8');
      assert.ok(text.length <= 2 * 2 ** 20, `${text.length} bytes`);
      const notebook = await readNotebook(path);
      await assertComplete(notebook);
      const counts = notebook.cells
        .filter(({ cell_type: type }) => type === 'code')
        .map(({ execution_count: n }) => n);
      assert.deepEqual(
        counts,
        counts.map((_, i) => i + 1),
      );
      assert.doesNotMatch(text, /\/(home|root|Users|tmp|work)\//, 'a path of the machine that ran it');
    });
  }
});

describe('a notebook that cannot run', () => {
  let jupyter: Jupyter | undefined;
  let folder = '';
  before(async function () {
    this.timeout(300_000);
    jupyter = await findJupyterOrSkip(this, root);
    folder = await mkdtemp(join(tmpdir(), 'landlens-notebooks-'));
  });
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true });
  });

  it('stops with the sentence of what is wrong', async function () {
    this.timeout(120_000);
    assert.ok(jupyter !== undefined);
    const path = join(root, 'notebooks/01-data.ipynb');
    const out = join(folder, 'failing.ipynb');
    const run = (parameters: Parameters) =>
      executeNotebook(path, out, { jupyter: jupyter ?? assert.fail(), root, parameters });
    await assert.rejects(run({ DATASET: `bigearthnet:${folder}/none` }), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /01-data\.ipynb: a cell failed\n.*none: .*folder/);
      assert.doesNotMatch(error.message, /\n\s+at /);
      return true;
    });
    await assert.rejects(readFile(out), 'nothing is written');
    await assert.rejects(run({ NOTHING: 1 }), /no parameter NOTHING.*DATASET/);
  });

  it('is left out where it needs what is not there, and refused where it is asked for', async function () {
    this.timeout(120_000);
    const cell = { cell_type: 'code', metadata: { tags: ['parameters'] }, outputs: [] };
    const notebook = {
      ...{ nbformat: 4, nbformat_minor: 5, metadata: { landlens: { needs: ['NETWORK'] } } },
      cells: [{ ...cell, source: "const NETWORK = '/nowhere/network.onnx';" }],
    };
    await mkdir(join(folder, 'notebooks'));
    await writeFile(join(folder, 'notebooks/12-needing.ipynb'), JSON.stringify(notebook));
    const options = { root: folder, out: join(folder, 'out') };
    await runNotebooks(options);
    assert.ok(!(await readdir(folder)).includes('out'), 'nothing is executed');
    await assert.rejects(
      runNotebooks({ ...options, only: ['12'] }),
      /12-needing\.ipynb: it needs \/nowhere\/network\.onnx, which does not come with landlens/,
    );
  });
});
