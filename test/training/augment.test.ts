import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { tensor } from '../../lib/src/tensor.js';
import { applySymmetry } from '../../lib/src/training/augment.js';

describe('the symmetries of the square', () => {
  const symmetries = [0, 1, 2, 3, 4, 5, 6, 7];
  const image = tensor(
    Float32Array.from({ length: 18 }, (_, i) => i),
    [2, 3, 3],
  );
  const applied = (data: Float32Array, symmetry: number): Float32Array => {
    const target = new Float32Array(data.length);
    applySymmetry(tensor(data, image.shape), symmetry, target);
    return target;
  };

  it('flip and exchange rows and columns, every band alike', () => {
    const firstBand = (symmetry: number) => [...applied(image.data, symmetry).subarray(0, 9)];
    deepEqual(firstBand(0), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    deepEqual(firstBand(1), [2, 1, 0, 5, 4, 3, 8, 7, 6]);
    deepEqual(firstBand(2), [6, 7, 8, 3, 4, 5, 0, 1, 2]);
    deepEqual(firstBand(4), [0, 3, 6, 1, 4, 7, 2, 5, 8]);
    for (const symmetry of symmetries) {
      const result = applied(image.data, symmetry);
      deepEqual(
        [...result.subarray(9)],
        [...result.subarray(0, 9)].map((value) => value + 9),
      );
    }
  });

  it('are eight different ones, and each has an inverse among them', () => {
    const results = symmetries.map((symmetry) => applied(image.data, symmetry).join());
    equal(new Set(results).size, 8);
    for (const symmetry of symmetries) {
      const back = symmetries.filter(
        (other) => applied(applied(image.data, symmetry), other).join() === image.data.join(),
      );
      equal(back.length, 1);
    }
  });
});
