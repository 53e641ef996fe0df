/** How many images fit into one run. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { memoryPerImage, planBatch, sessionMemory } from '../../lib/src/engine/memory.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats, input } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { matMul } from '../../lib/src/graph/operators/matMul.js';

const image = input('image', ['N', 4]);

describe('memory of a run', () => {
  it('counts, per image, the values that are alive at one time', () => {
    // Beside each value of the chain only the one before it is alive: 2 x 4 floats.
    const chain = relu(relu(relu(image)));
    assert.equal(memoryPerImage(createGraph({ chain })), 32);
    // The first value is needed to the end: 3 x 4 floats.
    const early = relu(image);
    assert.equal(memoryPerImage(createGraph({ sum: add(relu(relu(early)), early) })), 48);
  });

  it('leaves weights out, however large: a large network is run in batches too', () => {
    const weight = floats(new Array(4 * 1000).fill(1), [4, 1000]);
    const wide = createGraph({ wide: matMul(image, weight) });
    assert.equal(memoryPerImage(wide), 4 * (4 + 1000));
    assert.equal(planBatch(wide, { budget: 5 * 4 * 1004 }), 5);
  });

  it('comes with the weights where a session keeps both', () => {
    const weight = floats(new Array(4 * 1000).fill(1), [4, 1000]);
    const wide = createGraph({ wide: matMul(image, weight) });
    assert.equal(sessionMemory(wide, 3), 2 * 4 * 4000 + 3 * 4 * (4 + 1000));
  });

  it('is kept by the batch, which has at least one image and at most 16', () => {
    const graph = createGraph({ out: relu(image) });
    const sizes = [1, 32, 64, 10 ** 9].map((budget) => planBatch(graph, { budget }));
    assert.deepEqual(sizes, [1, 1, 2, 16]);
  });
});
