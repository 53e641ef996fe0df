/** Upsampling of bands: against hand-computed values and the properties of each kernel. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { resamplings, upsample } from '../../../lib/src/dataset/raster/resample.js';
import { InputError } from '../../../lib/src/error.js';

const close = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, index) => {
    assert.ok(Math.abs(actual[index] - value) <= tolerance, `${actual[index]} is not ${value} at ${index}`);
  });
};

/** torch.nn.functional.interpolate(torch.tensor([[[[1., 2.], [4., 9.]]]]), scale_factor=3, mode='bicubic') */
const torchBicubic = [
  0.60494, 0.66667, 0.84156, 1.04733, 1.22222, 1.28395, 0.88889, 1.0, 1.31481, 1.68519, 2.0, 2.11111, 1.69342,
  1.94444, 2.65569, 3.49246, 4.2037, 4.45473, 2.63992, 3.05556, 4.2332, 5.61866, 6.7963, 7.21193, 3.44444,
  4.0, 5.57407, 7.42593, 9.0, 9.55556, 3.7284, 4.33333, 6.04733, 8.06379, 9.77778, 10.38272,
];

describe('upsample', () => {
  it('repeats each pixel with nearest', () => {
    assert.deepEqual(
      [...upsample(Float32Array.of(1, 2, 3, 4), [2, 2], 2, 'nearest')],
      [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4],
    );
  });

  it('puts bilinear samples at half-pixel centres and replicates the border', () => {
    // Output centres lie at -1/4, 1/4, 3/4, 5/4 source pixels.
    close(upsample(Float32Array.of(0, 4), [1, 2], 2), [0, 1, 3, 4, 0, 1, 3, 4]);
    close(
      upsample(Float32Array.of(0, 4, 8, 12), [2, 2], 2),
      [0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12],
    );
  });

  it('weighs four neighbours with the bicubic kernel of a = -0.75', () => {
    // At t = 1/4 and 3/4 the weights are -27/256, 225/256, 67/256, -9/256 and their mirror image; both output rows are equal.
    close(
      upsample(Float32Array.of(0, 0, 256, 0, 0), [1, 5], 2, 'bicubic').subarray(0, 10),
      [0, -9, -27, 67, 225, 225, 67, -27, -9, 0],
    );
  });

  it('agrees with PyTorch interpolate (bicubic, align_corners=False) by factor 3', () => {
    close(upsample(Float32Array.of(1, 2, 4, 9), [2, 2], 3, 'bicubic'), torchBicubic, 1e-4);
  });

  it('keeps a constant band constant, whatever the kernel', () => {
    const sizes = fc.record({
      height: fc.integer({ min: 1, max: 5 }),
      width: fc.integer({ min: 1, max: 5 }),
      factor: fc.integer({ min: 1, max: 6 }),
      value: fc.integer({ min: 0, max: 65535 }),
    });
    fc.assert(
      fc.property(sizes, fc.constantFrom(...resamplings), ({ height, width, factor, value }, method) => {
        const result = upsample(
          new Float32Array(height * width).fill(value),
          [height, width],
          factor,
          method,
        );
        close(result, new Array(height * width * factor * factor).fill(value), 0.01);
      }),
    );
  });

  it('never leaves the range of the source with nearest and bilinear', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 12, maxLength: 12 }),
        fc.constantFrom('nearest' as const, 'bilinear' as const),
        (values, method) => {
          const result = upsample(Float32Array.from(values), [3, 4], 6, method);
          assert.ok(result.every((value) => value >= Math.min(...values) && value <= Math.max(...values)));
        },
      ),
    );
  });

  it('returns a copy for factor 1', () => {
    const band = Float32Array.of(1, 2, 3, 4);
    const result = upsample(band, [2, 2], 1, 'bicubic');
    assert.deepEqual(result, band);
    assert.notEqual(result, band);
  });

  it('refuses sizes and data that disagree', () => {
    assert.throws(() => upsample(new Float32Array(3), [2, 2], 2), InputError);
    assert.throws(() => upsample(new Float32Array(4), [2, 2], 1.5), InputError);
    assert.throws(() => upsample(new Float32Array(0), [0, 2], 2), InputError);
  });
});
