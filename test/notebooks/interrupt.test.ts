/** The kernel's interruption stops what the cell has begun, whichever call it is in, and the next cell works. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Kernel, startKernel } from './kernel.js';

const root = resolve(import.meta.dirname, '../..');

describe('an interrupted notebook', () => {
  let kernel: Kernel;
  before(async function () {
    if (process.platform === 'win32') return this.skip();
    this.timeout(300_000);
    kernel = await startKernel(root);
    const { status, text } = await kernel.execute(
      `import { maxSensitivity, openNotebook, saliency, showProgress } from 'landlens';
const { data, classifier } = await openNotebook();
const image = classifier.prepare(await data.read('test', 0));
const explain = saliency(classifier);
let begun = 0;
const counted: typeof explain = (...given) => { begun += 1; return explain(...given); };`,
    );
    assert.equal(status, 'ok', text);
  });
  after(() => kernel?.close());

  const long = {
    'a long call of the library': 'await maxSensitivity(counted, image, [0], { draws: 200, seed: 0 });',
    'a loop with progress': `const progress = showProgress(Array.from({ length: 2000 }, () => 'image'));
for (let i = 0; i < 2000; i++) { progress.start('image', 'image ' + i); await counted(image, [0]); progress.done(); }`,
  };
  for (const [what, code] of Object.entries(long)) {
    it(`ends ${what}`, async function () {
      this.timeout(300_000);
      const cell = kernel.execute(`console.log('begun'); begun = 0;\n${code}`, (text) => {
        if (text.includes('begun')) setTimeout(() => kernel.interrupt(), 1500);
      });
      const { status } = await cell;
      assert.equal(status, 'error');
      const wait =
        'await new Promise((resolve) => setTimeout(resolve, 3000)); console.log("begun: " + begun);';
      const first = await kernel.execute(wait);
      const second = await kernel.execute(wait);
      assert.match(first.text, /begun: \d+/);
      assert.equal(second.text, first.text, 'nothing goes on');
      assert.doesNotMatch(second.text, /█|░/, 'no progress is drawn');
      const next = await kernel.execute(
        'const { values } = await explain(image, [0]); console.log("done: " + values.shape);',
      );
      assert.match(next.text, /done: 1,/);
    });
  }
});
