import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { encodeClassifier } from '../../lib/src/model/classifierFile.js';
import { tensor } from '../../lib/src/tensor.js';
import { readWeights, transferWeights } from '../../lib/src/training/pretrained.js';
import { freshWeights } from '../../lib/src/training/trainingStep.js';
import { encodeSafetensors } from '../safetensors.js';
import { tinyArchitecture, tinyDataset } from './tiny.js';

const shape = { bands: 3, classes: 2, size: 8 };
const fresh = freshWeights(tinyArchitecture, shape, 1);

describe('weights to start from', () => {
  it('replace the fresh ones', () => {
    const earlier = freshWeights(tinyArchitecture, shape, 2);
    const { weights, renewed } = transferWeights(fresh, earlier, 'x');
    assert.deepEqual(renewed, []);
    for (const [name, tensor] of weights) assert.equal(tensor, earlier.get(name), name);
  });

  it('leave the linear layer fresh where the classes are others', () => {
    const earlier = freshWeights(tinyArchitecture, { ...shape, classes: 5 }, 2);
    const { weights, renewed } = transferWeights(fresh, earlier, 'x');
    assert.deepEqual(renewed, ['classifier.weight', 'classifier.bias']);
    assert.equal(weights.get('classifier.weight'), fresh.get('classifier.weight'));
    assert.equal(weights.get('conv1.weight'), earlier.get('conv1.weight'));
  });

  it('must be of the same bands and architecture', () => {
    const earlier = freshWeights(tinyArchitecture, { ...shape, bands: 4 }, 2);
    assert.throws(
      () => transferWeights(fresh, earlier, 'my.onnx'),
      (thrown) =>
        thrown instanceof InputError &&
        /my\.onnx: 1 of \d+ parameters do not fit: "conv1\.weight" is \[3, 4, 3, 3\] instead of \[3, 3, 3, 3\]/.test(
          thrown.message,
        ),
    );
    assert.throws(() => transferWeights(fresh, new Map(), 'x'), /is missing/);
  });

  it('are read from an ONNX file that landlens wrote, in half precision', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-pretrained-'));
    try {
      const { bands, classes, statistics: normalisation } = tinyDataset();
      const path = join(folder, 'tiny.onnx');
      await writeFile(path, encodeClassifier(tinyArchitecture, fresh, { bands, classes, normalisation }, 8));
      const read = await readWeights(path);
      for (const [name, { data, shape: expected }] of fresh) {
        const tensor = read.get(name);
        assert.deepEqual(tensor?.shape, expected, name);
        data.forEach((value, i) => {
          assert.ok(Math.abs((tensor?.data[i] ?? Number.NaN) - value) <= 1e-3 * Math.abs(value) + 1e-7, name);
        });
      }
      assert.deepEqual(transferWeights(fresh, read, path).renewed, []);
      const other = join(folder, 'x.safetensors');
      await writeFile(other, encodeSafetensors(new Map([['a', tensor(new Float32Array(1), [1])]])));
      await assert.rejects(readWeights(other), /neither a DenseNet nor a ResNet/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the linear layer of weights to start from', () => {
  const earlier = freshWeights(tinyArchitecture, shape, 2);
  const rowsOf = (weights: typeof fresh) => {
    const { data = new Float32Array(0) } = weights.get('classifier.weight') ?? {};
    return [[...data.subarray(0, data.length / 2)], [...data.subarray(data.length / 2)]];
  };

  it('follows the names of the classes', () => {
    const { weights, renewed } = transferWeights(fresh, earlier, 'x', { from: ['a', 'b'], to: ['b', 'a'] });
    assert.deepEqual(renewed, []);
    assert.deepEqual(rowsOf(weights), rowsOf(earlier).reverse());
    const bias = [...(earlier.get('classifier.bias')?.data ?? [])];
    assert.deepEqual([...(weights.get('classifier.bias')?.data ?? [])], bias.reverse());
  });

  it('starts anew where the classes have other names', () => {
    const { weights, renewed } = transferWeights(fresh, earlier, 'x', { from: ['a', 'b'], to: ['b', 'c'] });
    assert.deepEqual(renewed, ['classifier.weight', 'classifier.bias']);
    assert.deepEqual(rowsOf(weights), rowsOf(fresh));
  });
});
