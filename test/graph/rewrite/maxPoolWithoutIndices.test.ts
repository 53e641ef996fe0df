import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { differentiate } from '../../../lib/src/graph/differentiate.js';
import { createGraph, type Graph, shapeOf, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { apply, createNode, input, type Value } from '../../../lib/src/graph/node.js';
import { maximumIndices, maxPool, unpool } from '../../../lib/src/graph/operators/pooling.js';
import {
  maxPoolWithoutIndices,
  refuseIndices,
} from '../../../lib/src/graph/rewrite/maxPoolWithoutIndices.js';
import { rewrite } from '../../../lib/src/graph/rewrite/rewrite.js';
import { evaluate } from '../../reference/reference.js';
import { forSketches, type Sketch } from '../sketch.js';

const operators = (graph: Graph): Set<string> =>
  new Set(topologicalOrder(Object.values(graph.outputs)).map((node) => node.operator));

/** The rewritten graph; fails where it still has an operator that it should do without. */
function rewritten(graph: Graph): Graph {
  const result = rewrite(graph, [maxPoolWithoutIndices]);
  const nodes = topologicalOrder(Object.values(result.outputs));
  ok(!nodes.some((node) => node.operator === 'MaxPool' && node.attributes.indices), 'indices are left');
  for (const operator of ['ScatterElements', 'Mod', 'ZerosLike'])
    ok(!operators(result).has(operator), operator);
  return result;
}

/** Any window over an image of few different values, so that most windows have several maxima. */
function drawPool(sketch: Sketch) {
  const rank = sketch.integer(1, 2);
  const list = (draw: () => number): number[] => Array.from({ length: rank }, draw);
  const kernel = list(() => sketch.integer(1, 4));
  const dilations = list(() => sketch.integer(1, 2));
  const strides = list(() => sketch.integer(1, 4));
  const pads = [...kernel, ...kernel].map((length) => sketch.integer(0, length - 1));
  const size = kernel.map((length, i) => dilations[i] * (length - 1) + 1 + sketch.integer(0, 5));
  const x = sketch.input(['N', 2, ...size]);
  const ties = sketch.feeds[x.node.name].data;
  for (const [i, value] of ties.entries()) ties[i] = Math.round(2 * value) / 2;
  const attributes = { kernel, strides, pads, dilations, ceilMode: sketch.flag(), indices: false };
  return { x, attributes };
}

function checkEqual(graph: Graph, feeds: Sketch['feeds']): void {
  const expected = evaluate(graph, feeds);
  const results = evaluate(rewritten(graph), feeds);
  for (const [name, { data, shape }] of Object.entries(expected)) {
    deepEqual(results[name].shape, shape);
    const error = data.reduce(
      (worst, value, i) => Math.max(worst, Math.abs(value - results[name].data[i])),
      0,
    );
    ok(error < 1e-12, `${name} off by ${error}`);
  }
}

describe('max pooling without indices', () => {
  for (const reduction of ['add', 'none'] as const) {
    it(`sends values back to the first maximum of every window (${reduction})`, () => {
      forSketches(150, (sketch) => {
        const { x, attributes } = drawPool(sketch);
        const values = sketch.input(shapeOf(apply('MaxPool', [x], attributes)));
        const back = unpool(values, maximumIndices(x, attributes), x, reduction);
        checkEqual(createGraph({ back }), sketch.feeds);
      });
    });
  }

  it('by hand: overlapping windows, equal maxima, padding', () => {
    const x = input('x', ['N', 1, 5]);
    const y = maxPool(x, { kernel: [3], strides: [2], pads: [1, 1] });
    const seed = input('seed', shapeOf(y));
    const [gradient] = differentiate(y, [x], seed);
    const fed = (...values: number[]) => ({ data: Float64Array.from(values), shape: [1, 1, values.length] });
    // Windows: (-, 4, 4), (4, 4, 1), (1, 0, -); the second and third position hold 4 and the first of a tie wins.
    const { back } = evaluate(rewritten(createGraph({ back: gradient })), {
      x: fed(4, 4, 4, 1, 0),
      seed: fed(1, 10, 100),
    });
    deepEqual([...back.data], [1, 10, 0, 100, 0]);
  });

  it('in a network with several poolings, whose gradients hang on each other', () => {
    forSketches(20, (sketch) => {
      const x = sketch.input(['N', 2, 12, 11]);
      const pooled = (value: Value): Value =>
        maxPool(value, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
      const y = pooled(pooled(x));
      const seed = sketch.input(shapeOf(y));
      const [gradient] = differentiate(y, [x], seed);
      checkEqual(createGraph({ y, gradient }), sketch.feeds);
    });
  });

  it('leaves other graphs as they are', () => {
    const x = input('x', ['N', 2, 4, 4]);
    const graph = createGraph({ y: maxPool(x, { kernel: [2, 2] }) });
    equal(rewrite(graph, [maxPoolWithoutIndices, refuseIndices]).outputs.y, graph.outputs.y);
  });

  it('leaves out indices that nothing reads, and refuses those that something does', () => {
    const x = input('x', ['N', 1, 4]);
    const attributes = { kernel: [2], strides: [2], pads: [0, 0], dilations: [1], ceilMode: false };
    const [y, indices] = createNode('MaxPool', [x], { ...attributes, indices: true }, 'pool').outputs;
    checkEqual(createGraph({ y }), { x: { data: Float64Array.of(1, 2, 4, 3), shape: [1, 1, 4] } });
    throws(() => rewrite(createGraph({ indices }), [maxPoolWithoutIndices, refuseIndices]), {
      name: 'InputError',
      message: /MaxPool node "pool".*engine cpu/,
    });
  });
});
