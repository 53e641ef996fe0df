/** The kernel's interruption stops what the cell has begun, whichever call it is in, and the next cell works. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Kernel, startKernel } from './kernel.js';

const root = resolve(import.meta.dirname, '../..');

describe('an interrupted notebook', () => {
  let kernel: Kernel | undefined;
  before(async function () {
    if (process.platform === 'win32') {
      console.log('      skipped: Windows has no SIGINT for the kernel');
      return this.skip();
    }
    this.timeout(300_000);
    kernel = await startKernel(root);
    const { status, text } = await kernel.execute(
      `import { lime, maxSensitivity, openNotebook, saliency, showProgress } from 'landlens';
const { data, classifier } = await openNotebook();
const image = classifier.prepare(await data.read('test', 0));
const explain = saliency(classifier);
const runs = { begun: 0 };
const counted: typeof explain = (...given) => {
  runs.begun += 1;
  if (runs.begun === 3) console.log('third run');
  return explain(...given);
};`,
    );
    assert.equal(status, 'ok', text);
  });
  after(() => kernel?.close());

  it('shows the progress of a long call and takes it away, without being asked to', async function () {
    this.timeout(300_000);
    const shown: string[] = [];
    const { status, text } = await (kernel ?? assert.fail()).execute(
      "const limed = await lime(classifier, { samples: 400 })(image, [0]);\nconsole.log('end');",
      (output) => shown.push(output),
    );
    assert.equal(status, 'ok', text);
    assert.match(text, /█░+ \d+ of \d+ batches, about \d+ s left\n/);
    assert.deepEqual(shown.slice(-2), ['\n', 'end\n'], 'the last line is empty');
  });

  const long = {
    'a call of one method': `const work = lime(classifier, { samples: 60000 })(image, [0]);
setTimeout(() => console.log('third run'), 1000);
await work;`,
    'a long call of the library': 'await maxSensitivity(counted, image, [0], { draws: 200, seed: 0 });',
    'a loop with progress': `const progress = showProgress(Array.from({ length: 100000 }, () => 'image'));
for (let i = 0; i < 100000; i++) { progress.start('image', 'image ' + i); await counted(image, [0]); progress.done(); }`,
  };
  for (const round of [1, 2, 3]) {
    for (const [what, code] of Object.entries(long)) {
      it(`ends ${what}, time ${round}`, async function () {
        this.timeout(300_000);
        const running = kernel ?? assert.fail();
        const { status, text } = await running.execute(`runs.begun = 0;\n${code}`, (shown) => {
          if (shown.includes('third run')) running.interrupt();
        });
        assert.equal(status, 'error');
        assert.equal(text.split('Interrupted. What was measured is kept').length, 2, 'one sentence');
        const next = await running.execute(
          `const before = runs.begun;
for (let i = 0; i < 5; i++) await explain(image, [0]);
console.log('meanwhile: ' + (runs.begun - before));`,
        );
        assert.equal(next.status, 'ok', next.text);
        assert.match(next.text, /meanwhile: 0\n/);
        assert.doesNotMatch(next.text, /█|░/, 'no progress is drawn');
      });
    }
  }
});
