import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createGraph, type Graph, shapeOf, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { apply, floats, input, type Value } from '../../../lib/src/graph/node.js';
import { relu } from '../../../lib/src/graph/operators/activation.js';
import { concat } from '../../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../../lib/src/graph/operators/convolution.js';
import { add, multiply, sign } from '../../../lib/src/graph/operators/elementwise.js';
import { batchNormalization } from '../../../lib/src/graph/operators/normalisation.js';
import { blockedLayout } from '../../../lib/src/graph/rewrite/blockedLayout.js';
import { rewrite } from '../../../lib/src/graph/rewrite/rewrite.js';
import { evaluate } from '../../reference/reference.js';
import { forSketches } from '../sketch.js';
import { sameValues, withGradients } from './sameValues.js';

const operators = ({ outputs }: Graph): string[] =>
  topologicalOrder(Object.values(outputs)).map(({ operator }) => operator);

const count = (graph: Graph, operator: string): number =>
  operators(graph).filter((found) => found === operator).length;

describe('the form for a blocked layout', () => {
  it('turns strided transposed convolutions into plain ones where that costs little', () => {
    let turned = 0;
    forSketches(120, (s) => {
      const [inputs, outputs] = [s.integer(1, 3), s.integer(1, 3)];
      // Planes of more than a thousand pixels are put together in another way.
      const isLarge = s.integer(0, 19) === 0;
      const kernel = [0, 1].map(() => s.integer(1, isLarge ? 3 : 7));
      const strides = kernel.map(() => s.integer(1, 3));
      const size = kernel.map(() => (isLarge ? s.integer(32, 33) : s.integer(1, 5)));
      const outputPadding = strides.map((stride) => s.integer(0, stride - 1));
      const whole = size.map((length, i) => strides[i] * (length - 1) + kernel[i]);
      const before = whole.map((length) => s.integer(0, Math.min(3, length - 1)));
      const after = whole.map((length, i) => s.integer(0, Math.min(3, length - 1 - before[i])));
      const shape = [inputs, outputs, ...kernel];
      const weight = s.flag() ? floats(s.numbers(shape), shape) : s.input(shape);
      const x = s.input(['N', inputs, ...size]);
      const y = apply('ConvTranspose', [x, weight], {
        ...{ strides, pads: [...before, ...after], outputPadding },
        ...{ dilations: [1, 1], group: 1 },
      });
      const graph = createGraph({ output: y });
      const rewritten = rewrite(graph, blockedLayout);
      turned += count(rewritten, 'ConvTranspose') === 0 ? 1 : 0;
      sameValues(graph, rewritten, s.feeds);
    });
    ok(turned > 30, `${turned} of 120`);
  });

  it('takes the scales of batch normalisations into the weights, in the backward pass of dense layers', () => {
    forSketches(30, (s) => {
      const channels = s.integer(1, 3);
      const normalise = (x: Value): Value => {
        const [, length] = shapeOf(x);
        const vector = (values: 'free' | 'positive'): Value =>
          floats(s.numbers([Number(length)], values), [Number(length)]);
        return batchNormalization(
          x,
          { scale: vector('free'), bias: vector('free'), mean: vector('free'), variance: vector('positive') },
          { epsilon: 1e-3 },
        );
      };
      const convolve = (x: Value, to: number, size: number): Value => {
        const shape = [to, Number(shapeOf(x)[1]), size, size];
        return conv(x, floats(s.numbers(shape), shape), { pads: new Array<number>(4).fill((size - 1) / 2) });
      };
      const layer = (x: Value): Value => {
        const inner = convolve(relu(normalise(x)), s.integer(1, 3), 1);
        return concat([x, convolve(relu(normalise(inner)), 2, 3)]);
      };
      const image = s.input(['N', channels, 4, 4]);
      const output = layer(layer(relu(normalise(convolve(image, 2, 3)))));
      const graph = withGradients(output, s.wanted);
      const rewritten = rewrite(graph, blockedLayout);
      // Five in the way back, of which none is left, and five forward, of which three follow a convolution.
      equal(count(graph, 'BatchNormalization'), 10);
      equal(count(rewritten, 'BatchNormalization'), 2);
      sameValues(graph, rewritten, s.feeds);
    });
  });

  it('takes a normalisation into the convolution before it, unless something else reads that', () => {
    forSketches(30, (s) => {
      const [channels, outputs, group] = s.pick([
        [1, 2, 1],
        [3, 2, 1],
        [2, 4, 2],
      ]);
      const vector = (values: 'free' | 'positive'): Value => floats(s.numbers([outputs], values), [outputs]);
      const shape = [outputs, channels / group, 2, 2];
      const bias = s.flag() ? vector('free') : undefined;
      const convolved = conv(s.input(['N', channels, 3, 3]), floats(s.numbers(shape), shape), {
        group,
        bias,
      });
      const normal = batchNormalization(convolved, {
        ...{ scale: vector('free'), bias: vector('free') },
        ...{ mean: vector('free'), variance: vector('positive') },
      });
      const isShared = s.flag();
      const output = isShared ? multiply(normal, convolved) : normal;
      const graph = createGraph({ output });
      const rewritten = rewrite(graph, blockedLayout);
      equal(count(rewritten, 'BatchNormalization'), isShared ? 1 : 0);
      sameValues(graph, rewritten, s.feeds);
    });
  });

  it('leaves the scale of a normalisation that something else reads too', () => {
    const x = input('x', ['N', 1, 2, 2]);
    const zero = floats([0], [1]);
    const scaled = batchNormalization(
      x,
      { scale: floats([3], [1]), bias: zero, mean: zero, variance: floats([1], [1]) },
      { epsilon: 0 },
    );
    const graph = createGraph({ convolved: conv(scaled, floats([2], [1, 1, 1, 1]), {}), scaled });
    const feeds = { x: { data: Float64Array.of(1, 2, 3, 4), shape: [1, 1, 2, 2] } };
    const { convolved, scaled: read } = evaluate(rewrite(graph, blockedLayout), feeds);
    deepEqual([...convolved.data], [6, 12, 18, 24]);
    deepEqual([...read.data], [3, 6, 9, 12]);
  });

  it('computes the mask of a ReLU as a convolution where that keeps it in blocks, else as a product', () => {
    const x = input('x', ['N', 16, 1, 2]);
    const constantWeights = floats(new Float32Array(16).fill(1), [16, 1, 1, 1]);
    const values = [-1, 0, 1e-37, 1e30, ...new Array<number>(28).fill(0)];
    const weights = { data: new Float64Array(16).fill(1), shape: [16, 1, 1, 1] };
    const feeds = { x: { data: Float64Array.from(values), shape: [1, 16, 1, 2] }, weights };
    for (const [weight, convolutions] of [
      [constantWeights, 2],
      [input('weights', [16, 1, 1, 1]), 1],
    ] as const) {
      const graph = createGraph({ mask: sign(relu(conv(x, weight, { group: 16 }))) });
      const rewritten = rewrite(graph, blockedLayout);
      equal(count(rewritten, 'Sign'), 0);
      equal(count(rewritten, 'Conv'), convolutions);
      deepEqual([...evaluate(rewritten, feeds).mask.data.slice(0, 4)], [0, 0, 1, 1]);
    }
  });

  it('keeps sums and products in blocks where one side of them is', () => {
    forSketches(10, (s) => {
      const shape = [16, 16, 1, 1];
      const convolve = (x: Value): Value => conv(x, floats(s.numbers(shape), shape));
      const [image, outside] = [s.input(['N', 16, 2, 2]), s.input(['N', 16, 2, 2])];
      const mixed = multiply(add(outside, convolve(image)), relu(convolve(image)));
      const graph = withGradients(mixed, s.wanted);
      const rewritten = rewrite(graph, blockedLayout);
      const outsideBlocks = topologicalOrder([rewritten.outputs.output]).filter(
        ({ operator, inputs }) => operator === 'Add' && inputs.some(({ node }) => node.operator === 'Input'),
      );
      equal(outsideBlocks.length, 0);
      sameValues(graph, rewritten, s.feeds);
    });
  });
});
