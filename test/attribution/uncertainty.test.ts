import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { createExplain } from '../../lib/src/attribution/attribution.js';
import { explain } from '../../lib/src/attribution/explain.js';
import { relevance, relevanceError } from '../../lib/src/attribution/reduce.js';
import { relativeErrorOf, stackUncertainties, uncertaintyAt } from '../../lib/src/attribution/uncertainty.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { rows, type Tensor, tensor, zeros } from '../../lib/src/tensor.js';
import { classifierOf, convolutionalLogits } from '../classifiers.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

/** Counts up, so that every value is told from every other. */
const counting = (shape: readonly number[]): Tensor => {
  const result = zeros(shape);
  for (let i = 0; i < result.data.length; i++) result.data[i] = i;
  return result;
};

const uncertainty = {
  standardError: counting([3, 4, 16, 16]),
  pixelStandardError: counting([3, 1, 16, 16]),
  degreesOfFreedom: [5, 6, 7],
  relativeError: [0.1, 0.2, 0.3],
  evaluations: [10, 20, 30],
  reached: [true, false, true],
};

describe('the uncertainty of an attribution', () => {
  it('comes with what explain returns, image by image', async () => {
    const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
    const own = createExplain({ method: 'Own' }, async (images) => ({ values: images, uncertainty }));
    const methods = [{ id: 'own', name: 'Own', explain: own }];
    const explanations = await explain(classifier, zeros([4, 16, 16]), [0, 1, 2], { methods });
    for (const [i, { attribution, map }] of explanations.entries()) {
      const { standardError, pixelStandardError, ...perImage } = attribution.uncertainty ?? uncertainty;
      deepEqual(standardError, rows(uncertainty.standardError, i));
      deepEqual(pixelStandardError, rows(uncertainty.pixelStandardError, i));
      deepEqual(perImage, {
        degreesOfFreedom: [5 + i],
        relativeError: [uncertainty.relativeError[i]],
        evaluations: [10 * (i + 1)],
        reached: [i !== 1],
      });
      const error = relevanceError(attribution);
      deepEqual(error?.shape, [1, ...map.shape]);
      deepEqual(error?.data, rows(uncertainty.pixelStandardError, i).data);
    }
  });

  it('is put together from those of its images, and taken apart again', () => {
    deepEqual(stackUncertainties([0, 1, 2].map((i) => uncertaintyAt(uncertainty, i))), uncertainty);
  });

  it('is no less than that of the map, however it is reduced: |a| and max(a, 0) move no further than a', () => {
    const values = tensor(Float32Array.of(-0.1, 3), [1, 1, 1, 2]);
    const moved = tensor(Float32Array.of(0.2, 2.7), [1, 1, 1, 2]);
    for (const reduction of ['sum', 'absolute', 'positive'] as const) {
      const [from, to] = [values, moved].map((given) => relevance({ values: given }, reduction).data);
      for (const i of [0, 1]) {
        ok(Math.abs(to[i] - from[i]) <= Math.abs(moved.data[i] - values.data[i]));
      }
    }
  });

  it('is relative to what values are without it, and unknown where they are nothing else', () => {
    // 5² of values, of which 3² are error.
    equal(relativeErrorOf([0, 3], [3, 4]), 3 / 4);
    equal(relativeErrorOf([0, 0], [0, 0]), 0);
    equal(relativeErrorOf([0, 5], [3, 4]), Number.POSITIVE_INFINITY);
    equal(relativeErrorOf([1], [0]), Number.POSITIVE_INFINITY);
  });
});
