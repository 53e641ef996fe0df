import { equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createGraph, type Graph, shapeOf, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { floats, type Node, type Value } from '../../../lib/src/graph/node.js';
import { relu } from '../../../lib/src/graph/operators/activation.js';
import { concat } from '../../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../../lib/src/graph/operators/convolution.js';
import { add, multiply } from '../../../lib/src/graph/operators/elementwise.js';
import { batchNormalization } from '../../../lib/src/graph/operators/normalisation.js';
import { globalAveragePool } from '../../../lib/src/graph/operators/reduction.js';
import { distributeConcat } from '../../../lib/src/graph/rewrite/distributeConcat.js';
import { rewrite } from '../../../lib/src/graph/rewrite/rewrite.js';
import { forSketches, type Sketch } from '../sketch.js';
import { sameValues, withGradients } from './sameValues.js';

const nodesOf = ({ outputs }: Graph): Node[] => topologicalOrder(Object.values(outputs));
const widthOf = (value: Value): number => Number(shapeOf(value)[1]);

const wideConcats = (graph: Graph, width: number): number =>
  nodesOf(graph).filter(({ operator, outputs: [value] }) => operator === 'Concat' && widthOf(value) > width)
    .length;

/** The layers of a dense block with random weights. */
function layersOf(s: Sketch) {
  const vector = (length: number, values: 'free' | 'positive' = 'free'): Value =>
    floats(s.numbers([length], values), [length]);
  const normalise = (x: Value): Value => {
    const n = widthOf(x);
    const statistics = { mean: vector(n), variance: vector(n, 'positive') };
    return batchNormalization(x, { scale: vector(n), bias: vector(n), ...statistics });
  };
  const convolve = (x: Value, to: number, size = 1): Value => {
    const shape = [to, widthOf(x), size, size];
    const bias = s.flag() ? vector(to) : undefined;
    const pads = new Array<number>(4).fill((size - 1) / 2);
    return conv(x, floats(s.numbers(shape), shape), { pads, bias });
  };
  return { normalise, convolve };
}

describe('a concatenation in parts', () => {
  it('gives the same values and gradients, of dense blocks written either way', () => {
    forSketches(40, (s) => {
      const { normalise, convolve } = layersOf(s);
      const image = s.input(['N', s.integer(1, 3), 3, 2]);
      const features = [convolve(image, s.integer(1, 6))];
      const isNested = s.flag();
      let all = features[0];
      const layers = s.integer(2, 5);
      for (let layer = 0; layer < layers; layer++) {
        features.push(convolve(relu(normalise(all)), s.integer(1, 3), s.pick([1, 3])));
        all = isNested ? concat([all, features[layer + 1]]) : concat([...features]);
      }
      const end = s.pick([
        () => globalAveragePool(relu(normalise(all))),
        () => convolve(all, 2, 3),
        () => add(all, convolve(all, widthOf(all))),
        () => multiply(all, s.input(shapeOf(all))),
      ])();
      const graph = withGradients(end, s.wanted);
      const passes = [distributeConcat({ width: s.integer(2, 6), leastPixels: 1 })];
      sameValues(graph, rewrite(graph, passes), s.feeds);
    });
  });

  it('leaves no wide concatenation and no wide split in a dense block and its gradient', () => {
    forSketches(5, (s) => {
      const { normalise, convolve } = layersOf(s);
      const image = s.input(['N', 2, 2, 2]);
      let all = convolve(image, 4);
      for (let layer = 0; layer < 4; layer++) all = concat([all, convolve(relu(normalise(all)), 2, 3)]);
      const graph = withGradients(convolve(relu(normalise(all)), 1), s.wanted);
      const rewritten = rewrite(graph, [distributeConcat({ width: 4, leastPixels: 1 })]);
      equal(wideConcats(graph, 4), 4);
      equal(wideConcats(rewritten, 4), 0);
      const splits = nodesOf(rewritten).filter(({ operator }) => operator === 'Split');
      ok(splits.length > 0 && splits.every(({ inputs: [x] }) => widthOf(x) <= 4));
    });
  });

  it('stays whole where the maps are small or narrow, and where it joins no channels', () => {
    forSketches(5, (s) => {
      const x = s.input(['N', 2, 2, 2]);
      const graph = createGraph({
        output: relu(concat([x, x, x])),
        tokens: relu(concat([s.input(['N', 200, 3]), s.input(['N', 200, 3])])),
      });
      for (const options of [{ width: 4 }, { width: 6, leastPixels: 1 }]) {
        const rewritten = rewrite(graph, [distributeConcat(options)]);
        equal(nodesOf(rewritten).filter(({ operator }) => operator === 'Relu').length, 2);
      }
    });
  });
});
