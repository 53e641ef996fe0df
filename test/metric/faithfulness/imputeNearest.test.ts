import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { imputeNearest, nearestKept } from '../../../lib/src/metric/faithfulness/imputeNearest.js';
import { tensor } from '../../../lib/src/tensor.js';

/** The nearest kept pixel by trying all, in the documented order of ties: column by column from the left, top down. */
function bruteForce(removed: ArrayLike<number>, height: number, width: number): number[] {
  return Array.from({ length: height * width }, (_, i) => {
    const x = i % width;
    const y = (i - x) / width;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let column = 0; column < width; column++) {
      for (let row = 0; row < height; row++) {
        const distance = (x - column) ** 2 + (y - row) ** 2;
        if (!removed[row * width + column] && distance < least) {
          least = distance;
          best = row * width + column;
        }
      }
    }
    return best;
  });
}

describe('nearestKept', () => {
  it('finds the pixel that a search of all pixels finds, ties included', () => {
    const mask = fc
      .record({
        height: fc.integer({ min: 1, max: 13 }),
        width: fc.integer({ min: 1, max: 13 }),
        density: fc.constantFrom(0.1, 0.5, 0.9, 0.97),
      })
      .chain(({ height, width, density }) =>
        fc.record({
          height: fc.constant(height),
          width: fc.constant(width),
          removed: fc.array(
            fc.double({ min: 0, max: 1, noNaN: true }).map((draw) => (draw < density ? 1 : 0)),
            {
              minLength: height * width,
              maxLength: height * width,
            },
          ),
        }),
      );
    fc.assert(
      fc.property(mask, ({ height, width, removed }) => {
        const nearest = nearestKept(removed, height, width);
        if (removed.every(Boolean)) assert.equal(nearest, undefined);
        else assert.deepEqual([...(nearest ?? [])], bruteForce(removed, height, width));
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  it('is exact at image size with few pixels left', () => {
    const side = 60;
    const removed = new Uint8Array(side * side).fill(1);
    for (const pixel of [5, 700, 1811, 1812, 3599]) removed[pixel] = 0;
    assert.deepEqual([...(nearestKept(removed, side, side) ?? [])], bruteForce(removed, side, side));
  });
});

describe('imputeNearest', () => {
  const image = tensor(Float32Array.from([1, 2, 3, 4, 10, 20, 30, 40]), [2, 1, 4]);

  it('fills every band from the nearest kept pixel and leaves the image itself alone', () => {
    const filled = imputeNearest(image, [0, 1, 1, 0]);
    assert.deepEqual([...filled.data], [1, 1, 4, 4, 10, 10, 40, 40]);
    assert.deepEqual([...image.data], [1, 2, 3, 4, 10, 20, 30, 40]);
  });

  it('takes the left of two equally near pixels', () => {
    assert.deepEqual([...imputeNearest(image, [0, 1, 0, 0]).data.subarray(0, 4)], [1, 1, 3, 4]);
  });

  it('returns the image where nothing is removed and each band’s mean where all is', () => {
    assert.deepEqual([...imputeNearest(image, [0, 0, 0, 0]).data], [...image.data]);
    assert.deepEqual([...imputeNearest(image, [1, 1, 1, 1]).data], [2.5, 2.5, 2.5, 2.5, 25, 25, 25, 25]);
  });

  it('refuses a mask of another size', () => {
    assert.throws(() => imputeNearest(image, [1, 0, 0]), InputError);
  });
});
