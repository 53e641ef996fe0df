/** The figures that stay in the library: what each draws, and that a hostile name stays a name. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { bandGrid } from '../../lib/src/figure/bandGrid.js';
import { classMap } from '../../lib/src/figure/classMap.js';
import { groundMap } from '../../lib/src/figure/groundMap.js';
import { mapPanels } from '../../lib/src/figure/mapPanels.js';
import type { Figure } from '../../lib/src/figure/plotly.js';
import { renderSvg } from '../../lib/src/figure/staticImage.js';
import { trainingCurves } from '../../lib/src/figure/trainingCurves.js';
import { zeros } from '../../lib/src/tensor.js';
import type { TrainingHistory } from '../../lib/src/training/history.js';

const hostile = '<a href="https://example.org">$x$</a> %{z} & "quoted"';
const side = 6;
const bands = ['B02', 'B03', 'B04'];
const patch = { name: 'p', bands, labels: [0], image: zeros([3, side, side]) };
const picture = new Uint8ClampedArray(3 * side * side);

const history: TrainingHistory = {
  recipe: {
    ...{ seed: 0, rate: 0.1, warmUp: 0, validationImages: 10, checkEvery: 1000 },
    phases: [
      { size: 60, images: 2000, batch: 8 },
      { size: 120, images: 1000, batch: 8 },
    ],
  },
  history: [],
};

const figures: Readonly<Record<string, (title: string) => Figure>> = {
  mapPanels: (title) => mapPanels([{ title, picture: patch, map: zeros([side, side]) }], { title }),
  bandGrid: (title) => bandGrid({ ...patch, bands: [...bands.slice(1), title] }, { title }),
  classMap: (title) =>
    classMap([{ name: title, mask: new Uint8Array(side * side).fill(1), isLabel: true }], {
      ...{ title, size: side, picture },
    }),
  groundMap: (title) =>
    groundMap(new Float32Array(side * side), { title, width: side, height: side, picture }),
  trainingCurves: (title) => trainingCurves(history, { title }),
};

describe('each figure', () => {
  for (const [name, draw] of Object.entries(figures)) {
    it(`${name} takes a hostile name for a name`, async () => {
      const figure = draw(hostile);
      const svg = await renderSvg(figure);
      assert.doesNotMatch(svg, /<a[ >]/, 'no link');
      assert.match(svg, /&#60;a/, 'its letters are there');
      assert.ok(figure.description.includes(hostile), 'the alternative text has the name itself');
    });
  }
});

describe('bandGrid', () => {
  it('draws a heat map per band, with its wavelength, resolution and stretch as its caption', () => {
    const { data, layout } = bandGrid(patch, { title: 'Bands' });
    assert.deepEqual(
      data.map(({ type }) => type),
      ['heatmap', 'heatmap', 'heatmap'],
    );
    assert.match(JSON.stringify(layout.annotations), /<b>B03<\/b><br>560 nm, 10 m<br>0\.000 to 0\.000/);
  });
});

describe('classMap', () => {
  it('gives each class its colour and its share, the largest first, and says which are no labels', () => {
    const mask = (count: number) => new Uint8Array(side * side).fill(1, 0, count);
    const { data, description } = classMap(
      [
        { name: 'small', mask: mask(9), isLabel: false },
        { name: 'absent', mask: mask(0), isLabel: true },
        { name: 'large', mask: mask(27), isLabel: true },
      ],
      { title: 'Classes', size: side, picture },
    );
    const names = data.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
    assert.deepEqual(names, ['large<br>75.0 %', 'small<br>25.0 %, not a label']);
    assert.equal(description, 'Classes. large 75.0 %; small 25.0 %.');
  });
});

describe('groundMap', () => {
  const place = { epsg: 32633, left: 400_000, top: 5_000_000, pixelSize: [10, 10] as const };
  const size = { width: side, height: side, picture };
  const map = Float32Array.from({ length: side * side }, (_, i) => i);

  it('counts kilometres east and north where the image has a place, pixels where it has none', () => {
    const { layout } = groundMap(map, { title: 'Map', ...size, georeference: place });
    assert.match(JSON.stringify(layout.xaxis), /easting \(km\)/);
    assert.deepEqual(
      Object.entries(layout.yaxis ?? {}).find(([key]) => key === 'range')?.[1],
      [4999.94, 5000],
    );
    assert.match(JSON.stringify(groundMap(map, { title: 'Map', ...size }).layout.xaxis), /column \(pixels\)/);
  });

  it('has a negative half in its colour bar where a value is below 0', () => {
    const ends = (values: Float32Array) => {
      const [, { zmin, zmax }] = groundMap(values, { title: 'Map', ...size, quantile: 1 }).data;
      return [zmin, zmax];
    };
    assert.deepEqual(ends(map), [0, 35]);
    assert.deepEqual(ends(map.map((value) => -value)), [-35, 35]);
  });
});

describe('trainingCurves', () => {
  it('draws both losses and the F1 by thousand images, and a line where the size of the images changes', () => {
    const checks = [1000, 2000, 2500].map((images, i) => ({
      ...{ images, phase: 0, seconds: i, trainingLoss: 3 - i, validationLoss: 4 - i },
      ...{ validationMicroF1: i / 4 },
    }));
    const { data, layout } = trainingCurves({ ...history, history: checks }, { title: 'Training' });
    assert.deepEqual(
      data.map(({ name, x, y }) => [name, x, y]),
      [
        ['training loss', [1, 2, 2.5], [3, 2, 1]],
        ['validation loss', [1, 2, 2.5], [4, 3, 2]],
        ['validation micro F1', [1, 2, 2.5], [0, 0.25, 0.5]],
      ],
    );
    assert.ok(Array.isArray(layout.shapes) && layout.shapes.length === 2);
    assert.match(JSON.stringify(layout.annotations), /60 x 60 pixels.*120 x 120 pixels/);
  });
});
