import assert from 'node:assert/strict';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, describe, it } from 'mocha';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph, shapeOf } from '../../lib/src/graph/graph.js';
import { floats, input, type Value } from '../../lib/src/graph/node.js';
import { multiply } from '../../lib/src/graph/operators/elementwise.js';
import { resize } from '../../lib/src/graph/operators/resize.js';
import { tensor } from '../../lib/src/tensor.js';
import { evaluate } from '../reference/reference.js';

const sides = Array.from({ length: 300 - 32 + 1 }, (_, i) => 32 + i);
const strides = Array.from({ length: 32 - 4 + 1 }, (_, i) => 4 + i);

/** How many pixels a map has along a side of the image, its border padded or cut. */
const lengths = (side: number): number[] => [
  ...new Set(strides.flatMap((stride) => [Math.ceil(side / stride), Math.floor(side / stride)])),
];

/** A row of pixels 0, 1, ..., enlarged to the size of an image, times that. */
const enlarged = (length: number, side: number, image: Value): Value => {
  const row = floats(
    Array.from({ length }, (_, i) => i),
    [1, 1, 1, length],
  );
  return multiply(resize(row, { sizes: [1, side] }), image);
};

describe('a map is enlarged to the size of the image', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());

  it('of every side from 32 to 300 pixels, at every stride from 4 to 32, in ONNX Runtime', async () => {
    for (const side of sides) {
      const image = input('image', ['N', 1, 1, side]);
      const outputs = lengths(side).map(
        (length) => [`${length} to ${side}`, enlarged(length, side, image)] as const,
      );
      const program = await engine.compile(createGraph(Object.fromEntries(outputs)));
      const results = await program.run({ image: tensor(new Float32Array(side).fill(1), [1, 1, 1, side]) });
      await program.dispose();
      for (const [name, { shape, data }] of Object.entries(results)) {
        assert.deepEqual(shape, [1, 1, 1, side], name);
        // Behind the middle of the last pixel there is nothing to mix it with.
        const last = Number.parseInt(name, 10) - 1;
        assert.ok(Math.abs(data[side - 1] - last) <= 1e-6 * last, name);
      }
    }
  });

  it('and the gradient of such an enlargement has the size of the map', () => {
    for (const side of [33, 100, 101]) {
      for (const length of lengths(side)) {
        const map = input('map', ['N', 1, 1, length]);
        const y = resize(map, { sizes: [1, side] });
        const seed = input('seed', shapeOf(y));
        const [gradient] = differentiate(y, [map], seed);
        const ones = { data: new Float64Array(side).fill(1), shape: [1, 1, 1, side] };
        const { data } = evaluate(createGraph({ gradient }), { seed: ones }).gradient;
        assert.equal(data.length, length);
        const sum = data.reduce((total, value) => total + value, 0);
        assert.ok(Math.abs(sum - side) < 1e-5 * side, `${length} to ${side}: every pixel is shared out once`);
      }
    }
  });

  it('a scale that single precision rounds down loses no pixel: 5 x 6.6 are 33', async () => {
    const map = input('map', ['N', 1, 1, 5]);
    const y = resize(map, { scales: [1, 6.6] });
    assert.deepEqual(shapeOf(y), ['N', 1, 1, 33]);
    const image = floats(new Float32Array(33).fill(1), [1, 1, 1, 33]);
    const program = await engine.compile(createGraph({ y: multiply(y, image) }));
    const { y: result } = await program.run({ map: tensor(Float32Array.of(0, 1, 2, 3, 4), [1, 1, 1, 5]) });
    await program.dispose();
    assert.ok(Math.abs(result.data[32] - 4) <= 4e-6);
  });
});
