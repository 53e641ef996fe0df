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
import { evaluate, type ReferenceTensor } from '../reference/reference.js';
import { agreeButForFlips, continuous, difference } from '../rounding.js';
import { sharedFolder } from '../shared.js';

interface Facts {
  readonly target: number;
  /** The gradient is stored at every step-th row and column. */
  readonly step: number;
  readonly patches: readonly string[];
  readonly statistics: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

/** Every step-th row and column of [1, bands, size, size]. */
function subsample(data: ArrayLike<number>, step: number): number[] {
  const result: number[] = [];
  for (let band = 0; band < bands; band++) {
    for (let y = 0; y < size; y += step) {
      for (let x = 0; x < size; x += step) result.push(data[(band * size + y) * size + x]);
    }
  }
  return result;
}

const wide = ({ data, shape }: Tensor): ReferenceTensor => ({ data: Float64Array.from(data), shape });

describe('networks agree with torchvision', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());
  const { facts, tensor } = readFixture<Facts>('networks');
  const { target, step, patches, statistics } = facts;

  for (const [name, architecture] of Object.entries(networks)) {
    it(`${name}: logits and the gradient of one of them, in double precision and by onnxruntime`, async () => {
      const x = image();
      const logits = architecture.build(storedLayers(perturbedWeights(architecture)), x, classes);
      const oneHot = Float32Array.from({ length: classes }, (_, i) => (i === target ? 1 : 0));
      const seed = add(zerosLike(logits), floats(oneHot, [1, classes]));
      const [gradient] = differentiate(logits, [x], seed);
      const graph = createGraph({ logits, gradient });
      const program = await engine.compile(graph);
      const expectedOf = (key: string) => ({
        logits: tensor(`${name}/${key}/logits`).data,
        gradient: tensor(`${name}/${key}/gradient`).data,
      });

      const exact = evaluate(graph, { image: wide(syntheticImage()) });
      const reference = expectedOf('synthetic');
      // The fixture is rounded to float32.
      ok(difference(exact.logits.data, reference.logits).largest < 1e-7);
      ok(difference(subsample(exact.gradient.data, step), reference.gradient).largest < 1e-7);

      const check = async (key: string, picture: Tensor): Promise<void> => {
        const result = await program.run({ image: picture });
        const expected = expectedOf(key);
        const { largest } = difference(result.logits.data, expected.logits);
        ok(largest <= continuous, `logits of ${key} differ by ${largest}`);
        agreeButForFlips(subsample(result.gradient.data, step), expected.gradient, `gradient of ${key}`);
      };
      await check('synthetic', syntheticImage());
      const folder = sharedFolder();
      if (folder === undefined) console.log('      without real patches: ../shared/realdata is missing');
      else for (const patch of patches) await check(patch, await normalisedPatch(folder, patch, statistics));
      await program.dispose();
    });
  }
});
