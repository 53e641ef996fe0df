/** Cells as a user writes them, in a real kernel: figures, and what bare values print. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Kernel, startKernel } from './kernel.js';

const root = resolve(import.meta.dirname, '../..');

describe('a cell', () => {
  let kernel: Kernel | undefined;
  const run = async (code: string) => {
    const result = await (kernel ?? assert.fail()).execute(code);
    assert.equal(result.status, 'ok', result.text);
    return result;
  };
  before(async function () {
    this.timeout(300_000);
    kernel = await startKernel(root);
  });
  after(() => kernel?.close());

  it('prints what it opens in a few lines, the cell that imports landlens too', async function () {
    this.timeout(120_000);
    const { text } = await run(`import * as dfd from 'danfojs-node';
import { gradCam, mapPanels, openNotebook, relevance, show } from 'landlens';
const { data, classifier } = await openNotebook();
({ classifier, images: classifier.prepare(await data.read('test', 0)) })`);
    assert.match(
      text,
      /\n\{\n {2}classifier: Classifier DenseNet-121: 12 bands, 120 x 120 pixels, 14 classes, onnxruntime [^\n]*,\n {2}images: Tensor \[1, 12, 120, 120\], [^\n]*\n\}\n$/,
    );
  });

  it('shows a DataFrame as a table, and the first rows of a long one', async () => {
    const frame = `new dfd.DataFrame(Array.from({ length: 30 }, (_, i) => ({ name: '<' + i, share: i / 1000 })))`;
    const { text, html } = await run(frame);
    assert.match(html, /<table>[\s\S]*<td[^>]*>&lt;19<\/td><td[^>]*>0\.01900<\/td>/);
    assert.doesNotMatch(html, /&lt;20/);
    assert.match(text, /the first 20 of 30 rows\n$/);
    assert.doesNotMatch(text, /DataFrame/);
    assert.match((await run(`${frame}.describe()`)).text, /\nmedian +0\.01450/);
  });

  it('prints other values as ever', async () => {
    assert.equal((await run(`'text'`)).text, 'text\n');
    assert.equal((await run('undefined')).text, '');
    assert.equal((await run('const nothing = 1;')).text, '');
    assert.equal((await run('console.log(1, [2])')).text, '1 [ 2 ]\n');
  });

  it('explains the name at the cursor: a function with its options, an option with its meaning', async () => {
    const running = kernel ?? assert.fail();
    await run(`import { explain } from 'landlens';`);
    const ofFunction = await running.inspect('explain');
    assert.match(ofFunction, /\{ methods, preset, seed, progress \}\?: ExplainOptions/);
    assert.match(ofFunction, /Explains one image for one or several targets/);
    const ofOption = await running.inspect('explain(classifier, patch, 0, { preset');
    assert.match(ofOption, /preset\?: Preset\s+Parameters of[\s\S]*Default: "quick"/);
  });

  it('shows a plain Plotly figure, and the map that relevance gives over its patch', async function () {
    this.timeout(120_000);
    const bars = await run(`const [names, values] = [['forest', 'water'], [3, 5]];
await show({
  data: [{ type: 'bar', x: names, y: values }],
  layout: { title: { text: 'Images' }, xaxis: { title: { text: 'class' } } },
});`);
    assert.equal(bars.text, 'Images. bar. x: class.\n');
    const maps = await run(`const patch = await data.read('test', 0);
const map = relevance(await gradCam(classifier)(classifier.prepare(patch), [0]), 'positive');
await show(mapPanels([{ title: 'Grad-CAM', picture: patch, map }], { title: 'Maps' }));`);
    assert.equal(maps.text, 'Maps; Grad-CAM\n');
  });
});
