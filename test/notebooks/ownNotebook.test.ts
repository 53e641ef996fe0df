/** The page on one's own notebook: its cells run in order in a real kernel and show what the page says. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Kernel, startKernel } from './kernel.js';

const root = resolve(import.meta.dirname, '../..');

/** What the cells show, in their order. */
const shown = [
  /^Patch scenes-0-test-0: 12 bands, 120 x 120 pixels, labels [\d, ]+\n$/,
  /^ *class +score +label\n[─ ]+\n[\s\S]*Urban fabric/,
  /^(.*\n)*Urban fabric; True colour; Saliency; [^\n]*\n$/,
  /^(.*\n)*Score of Urban fabric while .* scatter: Saliency: [\d.]+, .* in random order: [\d.]+\. x: share/,
  /^(.*\n)*Pearson r -?[\d.]+, 5 methods\. scatter: methods, least squares\. x: file size \(bytes\)\. y: Max-Sens/,
  /^ *method +bytes +sensitivity\n[\s\S]*Grad-CAM/,
  /^$/,
];

describe('docs/notebooks.md', () => {
  let kernel: Kernel | undefined;
  let folder = '';
  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), 'landlens-own-'));
    kernel = await startKernel(root);
  });
  after(async () => {
    await kernel?.close();
    await rm(folder, { recursive: true });
  });

  it('holds cells that run one after the other', async function () {
    this.timeout(300_000);
    const running = kernel ?? assert.fail();
    const page = await readFile(join(root, 'docs/notebooks.md'), 'utf8');
    const cells = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
    assert.equal(cells.length, shown.length);
    assert.ok(page.split('\n').every((line) => line.length <= 135));
    await running.execute(`const FOLDER = ${JSON.stringify(folder)};`);
    for (const [i, code] of cells.entries()) {
      const { status, text } = await running.execute(code);
      assert.equal(status, 'ok', text);
      assert.match(text, shown[i]);
    }
    assert.match(await readFile(join(folder, 'grad-cam.svg'), 'utf8'), /^<svg/);
    assert.equal((await readFile(join(folder, 'grad-cam.png'))).subarray(1, 4).toString(), 'PNG');
  });
});
