/** Notebook files: other constants go in, what vanished or differs between runs goes out. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import {
  encodeNotebook,
  type NotebookFile,
  neededPaths,
  outputTexts,
  parametersOf,
  parseParameters,
  readNotebook,
  withParameters,
} from '../../tools/notebookFile.js';

const notebook: NotebookFile = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    {
      cell_type: 'code',
      metadata: { tags: ['parameters'] },
      source: ["const DATASET = 'scenes'; // a name\n", 'const IMAGES = 8;'],
      outputs: [],
    },
    {
      cell_type: 'code',
      metadata: {},
      source: 'show(IMAGES)',
      outputs: [
        { output_type: 'display_data', data: { 'text/plain': '' } },
        { output_type: 'display_data', data: { 'text/plain': ['two ', 'parts'] } },
        { output_type: 'stream', name: 'stdout', text: ['printed\n'] },
      ],
    },
  ],
};

describe('notebook files', () => {
  it('name their constants', () => {
    assert.deepEqual(parametersOf(notebook), ['DATASET', 'IMAGES']);
  });

  it('take other values in a cell after the constants', () => {
    const { cells } = withParameters(notebook, { IMAGES: 2, DATASET: "it's" }, 'a.ipynb');
    assert.equal(cells.length, 3);
    assert.equal(cells[1].source, 'const IMAGES = 2;\nconst DATASET = "it\'s";');
    assert.equal(notebook.cells.length, 2);
  });

  it('say what they need that does not come with them', () => {
    assert.deepEqual(neededPaths(notebook), []);
    const needing = { ...notebook, metadata: { landlens: { needs: ['DATASET', 'NO_CONSTANT('] } } };
    assert.deepEqual(neededPaths(needing), ['scenes']);
    assert.deepEqual(neededPaths(needing, { DATASET: 'mosaics:/data/EuroSAT' }), ['/data/EuroSAT']);
    assert.deepEqual(neededPaths({ ...notebook, metadata: { landlens: 'needs' } }), []);
  });

  it('refuse a constant that they do not have', () => {
    assert.throws(
      () => withParameters(notebook, { IMAGE: 2 }, 'a.ipynb'),
      /a\.ipynb: .*IMAGE .*DATASET, IMAGES/,
    );
  });

  it('read values as numbers, truth values, lists of texts or numbers, or text', () => {
    const texts = [
      'A=1.5',
      'B=true',
      'C=bigearthnet:/a b=c',
      'D=',
      'E=["a","b c"]',
      'F=[1,2.5]',
      'G=[a',
      'H=[1,"a"]',
    ];
    const expected = {
      A: 1.5,
      B: true,
      C: 'bigearthnet:/a b=c',
      D: '',
      E: ['a', 'b c'],
      F: [1, 2.5],
      G: '[a',
      H: '[1,"a"]',
    };
    assert.deepEqual(parseParameters(texts), expected);
    assert.throws(() => parseParameters(['images']), /NAME=value.*"images"/);
    assert.throws(() => parseParameters(['A;process.exit()=1']), /NAME=value/);
  });

  it('lose the outputs that vanished, get numbers, and change in nothing else', () => {
    const kept: NotebookFile = JSON.parse(encodeNotebook(notebook));
    assert.deepEqual(outputTexts(kept), ['two parts', 'printed\n']);
    assert.deepEqual(kept.cells[0], { ...notebook.cells[0], execution_count: 1 });
    assert.equal(kept.cells[1]?.execution_count, 2);
  });

  it('lose what tslab says of files that changed beside them, and keep every other error', () => {
    const watcher =
      'UncaughtException: Error: Unexpected pending rebuildTimer\n    at sys.setTimeout (converter.js:111:19)\n';
    const stderr = (text: string) => ({ output_type: 'stream', name: 'stderr', text });
    const outputs = [
      stderr(`${watcher}${watcher}`),
      stderr(`${watcher}Error: mine\n    at cell (a.ts:1:1)\n`),
    ];
    const cell = { cell_type: 'code', metadata: {}, source: 'f();', outputs };
    const kept: NotebookFile = JSON.parse(encodeNotebook({ nbformat: 4, cells: [cell] }));
    assert.deepEqual(outputTexts(kept), ['Error: mine\n    at cell (a.ts:1:1)\n']);
  });

  it('are refused where they are none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-'));
    const path = join(folder, 'a.ipynb');
    try {
      await writeFile(path, '');
      await assert.rejects(readNotebook(path), /a\.ipynb: the file is empty .* Name a notebook file\./);
      for (const text of ['[]', '{"nbformat":3,"cells":[]}', '{"nbformat":4,"cells":[{"cell_type":1}]}']) {
        await writeFile(path, text);
        await assert.rejects(readNotebook(path), /a\.ipynb: not a/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
