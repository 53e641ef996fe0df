import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { morfCurves, morfPanels } from '../../lib/src/figure/morfCurves.js';
import { morfStrip } from '../../lib/src/figure/morfStrip.js';
import { placeLabels } from '../../lib/src/figure/placeLabels.js';
import { rankedDots } from '../../lib/src/figure/rankedDots.js';
import { rankSlopes } from '../../lib/src/figure/rankSlopes.js';
import { tensor } from '../../lib/src/tensor.js';

const curve = (name: string, area: number) => ({ name, area, scores: [1, area] });

describe('morfCurves', () => {
  const curves = [0.5, 0.1, 0.4, 0.2, 0.3, 0.6].map((area) => curve(`m${area}`, area));
  const options = { title: 'Curves', baseline: curve('Random <b>', 0.7), pixels: 4 };

  it('names the three fastest, the slowest and the baseline, and counts the others', () => {
    const { data, description } = morfCurves(curves, options);
    const names = data.flatMap(({ name }) => (name === undefined ? [] : [name]));
    assert.deepEqual(names, [
      ...['2 methods between', '0.1  m0.1', '0.2  m0.2', '0.3  m0.3', '0.6  m0.6'],
      '0.7  Random &lt;b&gt;',
    ]);
    assert.match(description, /m0\.1 0\.1, m0\.2 0\.2.*Random/);
  });

  it('draws fewer than four methods without others', () => {
    assert.equal(morfCurves(curves.slice(0, 2), options).data.length, 3);
    assert.equal(morfPanels(curves.slice(0, 2), options).data.length, 2 * 3);
  });
});

describe('rankedDots', () => {
  it('puts the lowest mean on top', () => {
    const rows = [
      { name: 'high', values: [5, 7] },
      { name: 'low', values: [1, 2] },
    ];
    assert.match(rankedDots(rows, { title: 'T', quantity: 'q' }).description, /low 1\.5, high 6\.0/);
  });
});

describe('rankSlopes', () => {
  it('gives equal values the same place', () => {
    const items = [
      { name: 'a', left: 2, right: 1 },
      { name: 'b', left: 1, right: 1 },
      { name: 'c', left: 3, right: 0.5 },
    ];
    const { data } = rankSlopes([{ title: 'P', items }], { title: 'T', left: 'l', right: 'r' });
    assert.deepEqual(
      data.map(({ text }) => text),
      [
        ['<b>2</b> a 2.00', '<b>2</b> a 1.00'],
        ['<b>1</b> b 1.00', '<b>2</b> b 1.00'],
        ['<b>3</b> c 3.00', '<b>1</b> c 0.50'],
      ],
    );
    assert.deepEqual(
      data.map(({ y }) => y),
      [
        [2, 2],
        [1, 3],
        [3, 1],
      ],
    );
  });
});

describe('placeLabels', () => {
  const area = { width: 400, height: 300 };

  it('puts a lone label to the right, but to the left at the right edge', () => {
    assert.deepEqual(placeLabels([{ x: 100, y: 100, label: 'label' }], area), ['middle right']);
    assert.deepEqual(placeLabels([{ x: 395, y: 100, label: 'label' }], area), ['middle left']);
  });

  it('moves a label away from the next point', () => {
    const [first] = placeLabels(
      [
        { x: 100, y: 100, label: 'label' },
        { x: 115, y: 100, label: 'x' },
      ],
      area,
    );
    assert.notEqual(first, 'middle right');
  });
});

describe('morfStrip', () => {
  it('shows the map, the image, and the image with its most relevant pixels replaced', () => {
    const side = 4;
    const bands = ['B02', 'B03', 'B04'];
    const data = new Float32Array(bands.length * side * side).fill(500);
    for (let band = 0; band < bands.length; band++) data[band * side * side] = 1000;
    const patch = { name: 'p', bands, labels: [], image: tensor(data, [bands.length, side, side]) };
    const map = new Float32Array(side * side);
    map[0] = 1;
    const panels = morfStrip(patch, map, {
      ...{ method: 'Saliency', seed: 0, fraction: 0.1, scores: [0.9, 0.4, 0.2], iterations: [1] },
    });
    assert.deepEqual(
      panels.map(({ title }) => title),
      ['Saliency', 'image, score 0.90', 'iteration 1, score 0.40'],
    );
    const [, image, first] = panels.map(({ picture }) =>
      picture instanceof Uint8ClampedArray ? picture : undefined,
    );
    // The brightest pixel is the most relevant one: it takes its neighbour's colour, on the same stretch.
    assert.ok((image?.[0] ?? 0) > (image?.[3] ?? 0));
    assert.equal(first?.[0], image?.[3]);
    assert.deepEqual(first?.subarray(3), image?.subarray(3));
  });
});
