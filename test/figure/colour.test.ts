import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { diverging, magnitude, paintMap, paintMask, paintTrueColour } from '../../lib/src/figure/colour.js';

describe('paintMap', () => {
  it('is white at zero and symmetric around it', () => {
    const pixels = paintMap([-2, 0, 2, 1], { limit: 2 });
    assert.deepEqual([...pixels.subarray(0, 9)], [5, 48, 97, 255, 255, 255, 103, 0, 31]);
    assert.deepEqual([...pixels.subarray(9)], [...new Uint8ClampedArray(diverging(0.75))]);
  });

  it('gets darker with every step of a positive map', () => {
    const map = Array.from({ length: 50 }, (_, i) => i);
    const pixels = paintMap(map, { limit: 49 });
    const luminance = map.map(
      (i) => 0.2126 * pixels[3 * i] + 0.7152 * pixels[3 * i + 1] + 0.0722 * pixels[3 * i + 2],
    );
    assert.ok(luminance.every((value, i) => i === 0 || value < luminance[i - 1]));
  });

  it('paints any map, whatever its values', () => {
    const values = fc.oneof(fc.double(), fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY, -1e308));
    fc.assert(
      fc.property(fc.array(values), (map) => {
        assert.equal(paintMap(map).length, 3 * map.length);
      }),
    );
    assert.deepEqual([...paintMap([0, 0])], new Array(6).fill(255));
    assert.deepEqual([...paintMap([Number.NaN])], [128, 160, 128]);
  });
});

describe('magnitude', () => {
  it('is the 99th percentile of the absolute values, blind to what is not finite', () => {
    const map = [...Array.from({ length: 100 }, (_, i) => -i), 1e9, Number.NaN, Number.NEGATIVE_INFINITY];
    assert.equal(magnitude(map), 99);
  });

  it('falls back to the maximum where nearly all values are zero', () => {
    assert.equal(magnitude([...new Array(1000).fill(0), -3]), 3);
    assert.equal(magnitude([0, 0]), 0);
    assert.equal(magnitude([]), 0);
  });
});

describe('paintTrueColour', () => {
  it('stretches reflectance linearly and cuts at both ends', () => {
    const pixels = paintTrueColour(
      [
        [-10, 0, 1500],
        [750, 3000, 9000],
        [0, 0, 0],
      ],
      { low: 0, high: 3000 },
    );
    assert.deepEqual([...pixels], [0, 64, 0, 0, 255, 0, 128, 255, 0]);
  });
});

describe('paintMask', () => {
  it('draws the inner edge, darkens the outside and leaves the inside', () => {
    // 5 x 5, the middle 3 x 3 inside: its border of 8 is the edge.
    const mask = Array.from({ length: 25 }, (_, i) => (i % 5 > 0 && i % 5 < 4 && i > 5 && i < 19 ? 1 : 0));
    const pixels = paintMask(new Uint8ClampedArray(75).fill(100), mask, 5);
    const reds = Array.from({ length: 25 }, (_, i) => pixels[3 * i]);
    assert.deepEqual(
      [255, 35, 100].map((red) => reds.filter((value) => value === red).length),
      [8, 16, 1],
    );
    assert.equal(reds[12], 100);
  });
});
