/** Runs notebooks on reduced settings, in files of their own so that several run at a time, and checks what they show. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { after, before, describe, it } from 'mocha';
import type { Jupyter } from '../../tools/jupyter.js';
import {
  type NotebookFile,
  neededPaths,
  outputTexts,
  type Parameters,
  readNotebook,
} from '../../tools/notebookFile.js';
import { executeNotebook } from '../../tools/notebookRun.js';
import { sharedFolder } from '../shared.js';
import { writeCloudNetwork } from './cloudNetwork.js';
import { findJupyterOrSkip } from './jupyter.js';
import { writeTurnedNetwork } from './turnedNetwork.js';

export const root = resolve(import.meta.dirname, '../..');

/** A network whose classes stand in another order than the data set's: what matches them by place fails its claims. */
const turned = (folder: string): Parameters => ({ MODEL: join(folder, 'turned.onnx') });

/** One image and the methods of one gradient each, which the first of the notebooks on the study records for all. */
const studied = (folder: string): Parameters => ({
  ...{ STUDY_IMAGES: 1, STUDY: join(folder, 'study') },
  METHODS: ['saliency', 'input-x-gradient', 'guided-backpropagation', 'grad-cam', 'guided-grad-cam'],
});

/** Real patches and a network of others', where they are. */
function others(folder: string): Parameters {
  const shared = sharedFolder() ?? '';
  return {
    ZONES: join(shared, '../networks/so2sat-resnet20/so2sat-resnet20-s2.onnx'),
    ...{ CLOUDS: join(folder, 'clouds.onnx'), PATCHES: join(shared, 'SEN12MS-CR') },
    ...{ STRIDE: 128, STEPS: 64, WINDOWS: 2, METHODS: ['saliency', 'grad-cam'] },
  };
}

/** Constants that make each notebook quick, with the methods of its claims; records are made anew in a folder of the test. */
export const reduced: Readonly<Record<string, (folder: string) => Parameters>> = {
  '00-start-here': () => ({ METHODS: ['saliency', 'grad-cam'] }),
  '01-data': () => ({ LABELLED: 40, EXAMPLES: 2 }),
  '02-classifier': () => ({ IMAGES: 32 }),
  '03-one-class': (folder) => ({
    ...turned(folder),
    ...{ STEPS: 4, COPIES: 2, WINDOW: 40, METHODS: ['saliency', 'grad-cam'] },
  }),
  '04-competing-classes': (folder) => ({
    ...turned(folder),
    ...{ IMAGES: 1, SHOWN: ['grad-cam'] },
    METHODS: ['guided-backpropagation', 'grad-cam', 'occlusion'],
  }),
  '05-failures': (folder) => ({
    ...turned(folder),
    ...{ IMAGES: 64, CASES: 1, EXPLAINED: 1, SHADOWS: 4, METHODS: ['grad-cam', 'guided-grad-cam'] },
  }),
  '06-morf': (folder) => ({ ...studied(folder), SHOWN: ['grad-cam'] }),
  '07-table3': studied,
  '08-correlation': studied,
  '09-your-own': () => ({ METHOD: 'grad-cam' }),
  '10-ground-truth': (folder) => ({
    ...turned(folder),
    ...{ IMAGES: 1, PAIRS: 3, METHODS: ['guided-backpropagation', 'grad-cam'] },
  }),
  '11-error-bars': () => ({
    ...{
      COPIES: [8],
      GRADIENTS: [16],
      REFERENCE: 64,
      PERTURBED: [192],
      PERTURBED_REFERENCE: 512,
      TOLERANCE: 0.3,
    },
  }),
  '12-others-networks': others,
};

/** All outputs that hold a form, as that form. */
function formsOf({ cells }: NotebookFile, type: string): readonly unknown[] {
  return cells.flatMap(({ outputs = [] }) =>
    outputs.flatMap(({ data }) => (data?.[type] === undefined ? [] : [data[type]])),
  );
}

const textOf = (form: unknown): string => (Array.isArray(form) ? form.join('') : String(form));

/** Whether a PNG shows more than one colour. */
async function showsSomething(png: string): Promise<boolean> {
  const image = await loadImage(Buffer.from(png, 'base64'));
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  return image.width > 100 && image.height > 100 && new Set(pixels).size > 20;
}

/** No error, no value that is not there, figures with pictures and text, and claims that hold. */
export async function assertComplete(notebook: NotebookFile): Promise<void> {
  const outputs = notebook.cells.flatMap(({ outputs = [] }) => outputs);
  assert.ok(
    outputs.every(({ output_type: type, name }) => type !== 'error' && name !== 'stderr'),
    'no error',
  );
  for (const text of outputTexts(notebook)) {
    assert.doesNotMatch(text, /^\s+at .*:\d+:\d+\)?$/m, 'a stack trace');
    assert.doesNotMatch(text, /\bNaN\b|undefined|\[object Object\]/, 'a value that is not there');
  }
  const figures = outputs.flatMap(({ data }) =>
    data?.['application/vnd.plotly.v1+json'] === undefined ? [] : [data],
  );
  assert.ok(figures.length > 0, 'a figure');
  for (const figure of figures) {
    assert.ok(
      figure['image/png'] !== undefined && figure['text/plain'] !== undefined,
      'a picture and a text beside it',
    );
  }
  for (const png of formsOf(notebook, 'image/png')) assert.ok(await showsSomething(textOf(png)), 'a picture');
  for (const html of formsOf(notebook, 'text/html')) assert.match(textOf(html), /<table>[\s\S]*<td/);
  const claims = outputTexts(notebook).filter((text) => text.startsWith('✓'));
  assert.ok(claims.length > 0, 'a claim that holds');
}

/** A test for each notebook: it runs from top to bottom in a clean kernel and holds its own claims. */
export function describeRuns(names: readonly string[]): void {
  describe('notebooks', () => {
    let jupyter: Jupyter | undefined;
    let folder = '';
    before(async function () {
      this.timeout(300_000);
      jupyter = await findJupyterOrSkip(this, root);
      folder = await mkdtemp(join(tmpdir(), 'landlens-notebooks-'));
      await writeTurnedNetwork(join(folder, 'turned.onnx'));
      await writeCloudNetwork(join(folder, 'clouds.onnx'));
    });
    after(async () => {
      if (folder !== '') await rm(folder, { recursive: true });
    });

    for (const name of names) {
      it(`${name} runs on reduced settings`, async function () {
        this.timeout(600_000);
        assert.ok(jupyter !== undefined);
        const out = join(folder, `${name}.ipynb`);
        const path = join(root, 'notebooks', `${name}.ipynb`);
        const parameters = reduced[name](folder);
        const missing = neededPaths(await readNotebook(path), parameters).find((file) => !existsSync(file));
        if (missing !== undefined) {
          console.log(`      skipped: ${missing} is not there`);
          return this.skip();
        }
        await executeNotebook(path, out, { jupyter, root, parameters });
        await assertComplete(await readNotebook(out));
      });
    }
  });
}
