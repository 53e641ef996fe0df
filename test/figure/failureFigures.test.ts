import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { casePanels } from '../../lib/src/figure/casePanels.js';
import { paintMask } from '../../lib/src/figure/colour.js';
import { confidenceBars } from '../../lib/src/figure/confidenceBars.js';
import { effectDumbbells } from '../../lib/src/figure/effectDumbbells.js';
import { encodeIndexedPng } from '../../lib/src/figure/indexedPng.js';
import { mistakeBars } from '../../lib/src/figure/mistakeBars.js';
import { pairScatter } from '../../lib/src/figure/pairScatter.js';
import { truthRatios } from '../../lib/src/figure/truthRatios.js';

describe('figures of failures and known truth', () => {
  it('mistakeBars: missed to the left, wrongly predicted to the right, kinds that never occur left out', () => {
    const { data } = mistakeBars(
      [{ className: 'A <b>', falseNegatives: 4, falsePositives: { missing: 2, nowhere: 0 } }],
      { title: 'T' },
    );
    assert.deepEqual(
      data.map(({ name, x, y }) => ({ name, x, y })),
      [
        { name: 'label not predicted', x: [-4], y: ['A &lt;b&gt;'] },
        { name: 'predicted: missing', x: [2], y: ['A &lt;b&gt;'] },
      ],
    );
  });

  it('confidenceBars: one trace per kind that occurs', () => {
    const bins = [
      { from: 0.5, to: 0.75, counts: { a: 1, b: 0, c: 0 } },
      { from: 0.75, to: 1, counts: { a: 0, b: 2, c: 0 } },
    ];
    const { data } = confidenceBars(bins, { title: 'T' });
    assert.deepEqual(
      data.map(({ name, y }) => [name, y]),
      [
        ['a', [1, 0]],
        ['b', [0, 2]],
      ],
    );
  });

  it('pairScatter: 0.5 lies in the middle of both log-odds axes, 0 and 1 at their ends', () => {
    const { data } = pairScatter(
      [
        { name: 'a', without: 0.5, with: 1 },
        { name: 'b', without: 0, with: 0.5 },
      ],
      { title: 'T', without: 'x', with: 'y' },
    );
    const { x, y } = data[data.length - 1];
    const end = Math.log(0.9999 / 0.0001);
    assert.ok(Array.isArray(x) && Array.isArray(y));
    assert.deepEqual(x.map(round), [0, round(-end)]);
    assert.deepEqual(y.map(round), [round(end), 0]);
  });

  it('effectDumbbells: percent without and with, joined by a line with a gap after each', () => {
    const { data } = effectDumbbells([{ label: 'sea', without: 0.25, with: 1 }], { title: 'T', axis: 'x' });
    assert.deepEqual(
      data.map(({ x }) => x),
      [[25, 100, null], [25], [100]],
    );
  });

  it('truthRatios: a ratio of 0 stands at the lowest end of its log axis', () => {
    const column = { question: 'Q', methods: [{ method: 'M', ratio: 0.5, single: [0, 1] }] };
    const { data } = truthRatios([column, column], { title: 'T', lowest: 0.1 });
    assert.equal(data.length, 4);
    assert.deepEqual(data[0].x, [0.1, 1]);
    assert.deepEqual(data[1].x, [0.5]);
    assert.equal(data[3].xaxis, 'x2');
  });

  it('casePanels: short rows are filled up to the longest', () => {
    const pixels = new Uint8ClampedArray(3 * 4);
    const picture = { title: 'P', pixels };
    const map = { title: 'M', values: [1, 0, 0, -1] };
    const size = { width: 2, height: 2 };
    const { data, layout } = casePanels(
      [
        { ...size, pictures: [picture], maps: [map, map] },
        { ...size, pictures: [picture], maps: [] },
      ],
      { title: 'T' },
    );
    assert.equal(data.length, 6);
    assert.equal(data.filter(({ type }) => type === 'heatmap').length, 2);
    assert.ok(layout.width <= 850);
  });

  it('paintMask: the outline alone leaves the rest as it was', () => {
    const picture = new Uint8ClampedArray(3 * 9).fill(100);
    const painted = paintMask(picture, [0, 0, 0, 0, 1, 0, 0, 0, 0], 3, { outside: 1 });
    assert.deepEqual([...painted.subarray(0, 3)], [100, 100, 100]);
    assert.deepEqual([...painted.subarray(12, 15)], [255, 225, 60]);
  });
});

const round = (value: number): number => Math.round(1e6 * value) / 1e6;

async function decode(png: Uint8Array): Promise<Uint8ClampedArray> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
}

describe('encodeIndexedPng', () => {
  it('keeps up to 256 colours as they are', async () => {
    const pixels = Uint8Array.from({ length: 4 * 16 * 16 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
    const colours = new Set(Array.from({ length: 256 }, (_, i) => pixels.subarray(4 * i, 4 * i + 3).join()));
    assert.ok(colours.size <= 256);
    assert.deepEqual([...(await decode(encodeIndexedPng(pixels, { width: 16, height: 16 })))], [...pixels]);
  });

  it('reduces more colours to near ones', async () => {
    const side = 64;
    // 4096 colours of equal blue.
    const pixels = Uint8Array.from({ length: 4 * side * side }, (_, i) => {
      const [x, y] = [Math.floor(i / 4) % side, Math.floor(i / 4 / side)];
      return [4 * x, 4 * y, 100, 255][i % 4];
    });
    const decoded = await decode(encodeIndexedPng(pixels, { width: side, height: side }));
    const colours = new Set(
      Array.from({ length: side * side }, (_, i) => decoded.subarray(4 * i, 4 * i + 3).join()),
    );
    assert.ok(colours.size > 200 && colours.size <= 256, `${colours.size} colours`);
    // 256 boxes of 16 x 16 steps: no colour is further away than a box is wide.
    const furthest = decoded.reduce((most, value, i) => Math.max(most, Math.abs(value - pixels[i])), 0);
    assert.ok(furthest <= 32, `${furthest}`);
  });

  it('refuses a wrong number of pixels', () => {
    assert.throws(() => encodeIndexedPng(new Uint8Array(5), { width: 2, height: 1 }), InputError);
  });
});
