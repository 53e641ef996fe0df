import { ok } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats } from '../../lib/src/graph/node.js';
import { add, zerosLike } from '../../lib/src/graph/operators/elementwise.js';
import { storedLayers } from '../../lib/src/model/layers.js';
import type { Tensor } from '../../lib/src/tensor.js';
import { readFixture } from '../fixture.js';
import {
  bands,
  classes,
  image,
  networks,
  normalisedPatch,
  perturbedWeights,
  size,
  syntheticImage,
} from '../networks.js';
import { sharedFolder } from '../shared.js';

interface Facts {
  readonly target: number;
  /** The gradient is stored at every step-th row and column. */
  readonly step: number;
  readonly patches: readonly string[];
  readonly statistics: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

/** Largest difference as a share of the largest value. */
function worst(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const difference = expected.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - actual[i])),
    0,
  );
  return difference / scale;
}

/** Every step-th row and column of [1, bands, size, size]. */
function subsample({ data }: Tensor, step: number): Float32Array {
  const result: number[] = [];
  for (let band = 0; band < bands; band++) {
    for (let y = 0; y < size; y += step) {
      for (let x = 0; x < size; x += step) result.push(data[(band * size + y) * size + x]);
    }
  }
  return Float32Array.from(result);
}

describe('networks agree with torchvision', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());
  const { facts, tensor } = readFixture<Facts>('networks');
  const { target, step, patches, statistics } = facts;

  for (const [name, architecture] of Object.entries(networks)) {
    it(`${name}: logits and the gradient of one of them`, async () => {
      const x = image();
      const logits = architecture.build(storedLayers(perturbedWeights(architecture)), x, classes);
      const oneHot = Float32Array.from({ length: classes }, (_, i) => (i === target ? 1 : 0));
      const seed = add(zerosLike(logits), floats(oneHot, [1, classes]));
      const [gradient] = differentiate(logits, [x], seed);
      const program = await engine.compile(createGraph({ logits, gradient }));

      const check = async (key: string, picture: Tensor): Promise<void> => {
        const result = await program.run({ image: picture });
        const logitError = worst(result.logits.data, tensor(`${name}/${key}/logits`).data);
        const gradientError = worst(subsample(result.gradient, step), tensor(`${name}/${key}/gradient`).data);
        if (process.env.LANDLENS_REPORT) console.log({ name, key, logitError, gradientError });
        ok(logitError < 1e-5, `logits of ${key} differ by ${logitError}`);
        ok(gradientError < 1e-4, `gradient of ${key} differs by ${gradientError}`);
      };
      await check('synthetic', syntheticImage());
      const folder = sharedFolder();
      if (folder === undefined) console.log('      without real patches: ../shared/realdata is missing');
      else for (const patch of patches) await check(patch, await normalisedPatch(folder, patch, statistics));
      await program.dispose();
    });
  }
});
