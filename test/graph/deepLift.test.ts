import { ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'mocha';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph, shapeOf, substitute } from '../../lib/src/graph/graph.js';
import { apply, floats, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { readOnnx } from '../../lib/src/graph/onnx/read.js';
import {
  gelu,
  geluTanh,
  hardSigmoid,
  prelu,
  relu,
  sigmoid,
  softplus,
  tanh,
} from '../../lib/src/graph/operators/activation.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import {
  absolute,
  add,
  divide,
  errorFunction,
  exponential,
  greater,
  multiply,
  negate,
  subtract,
  where,
} from '../../lib/src/graph/operators/elementwise.js';
import type { RuleTable } from '../../lib/src/graph/rule.js';
import { deepLift } from '../../lib/src/graph/rules/deepLift.js';
import { plain } from '../../lib/src/graph/rules/plain.js';
import { createRandom } from '../../lib/src/random.js';
import { sizeOf } from '../../lib/src/tensor.js';
import { evaluate, type ReferenceTensor } from '../reference/reference.js';
import { cases, chain } from './cases.js';
import { forSketches, type Sketch } from './sketch.js';

type Feeds = Readonly<Record<string, ReferenceTensor>>;

interface Passes {
  readonly feeds: Feeds;
  /** Of the wanted inputs. */
  readonly baselines: Feeds;
  readonly seed: ReferenceTensor;
  readonly rules?: RuleTable;
}

/** What the inputs' changes are multiplied with. */
function multipliers(
  output: Value,
  wanted: readonly Value[],
  { feeds, baselines, seed, rules = deepLift() }: Passes,
): Float64Array[] {
  const startOf = (name: string): string => `${name} at the baseline`;
  const replaced = new Map(wanted.map((value) => [value, input(startOf(value.node.name), shapeOf(value))]));
  const inReference = new Map<Value, Value>();
  substitute([output], replaced, inReference);
  const found = differentiate(output, wanted, input('seed', shapeOf(output)), {
    rules,
    reference: (value) => inReference.get(value) ?? value,
  });
  const starts = Object.entries(baselines).map(([name, value]) => [startOf(name), value]);
  const graph = createGraph(Object.fromEntries(found.map((value, i) => [String(i), value])));
  const results = evaluate(graph, { ...feeds, ...Object.fromEntries(starts), seed });
  return found.map((_, i) => results[String(i)].data);
}

/** What the contributions miss of the difference of the outputs, weighed, as a share of their own sizes. */
function gap(output: Value, wanted: readonly Value[], feeds: Feeds, baselines: Feeds): number {
  const graph = createGraph({ output });
  const at = evaluate(graph, feeds).output;
  const from = evaluate(graph, { ...feeds, ...baselines }).output;
  const seed = { ...at, data: at.data.map((_, i) => (i % 5) - 1.5) };
  const difference = seed.data.reduce((sum, weight, i) => sum + weight * (at.data[i] - from.data[i]), 0);
  const found = multipliers(output, wanted, { feeds, baselines, seed });
  const contributions = wanted.flatMap(({ node: { name } }, k) =>
    Array.from(found[k], (m, i) => m * (feeds[name].data[i] - baselines[name].data[i])),
  );
  const sum = contributions.reduce((total, value) => total + value, 0);
  const size = contributions.reduce((total, value) => total + Math.abs(value), 1e-3);
  return Math.abs(sum - difference) / size;
}

/** The feeds of the wanted inputs in another order and a little aside, so that most values are on another side of a kink. */
const otherFeeds = ({ feeds, wanted }: Sketch): Feeds =>
  Object.fromEntries(
    wanted.map(({ node: { name } }) => [
      name,
      { ...feeds[name], data: feeds[name].data.toReversed().map((value) => value + 0.013) },
    ]),
  );

/** Operators with a derived constant, such as the 1/3 of a mean, which graphs hold in single precision. */
const withRoundedConstant = ['AveragePool', 'GlobalAveragePool', 'ReduceMean', 'Resize'];

describe('contributions of DeepLift add up to the difference of the outputs, in double precision', () => {
  for (const [operator, draw] of Object.entries(cases)) {
    it(operator, () => {
      const limit = withRoundedConstant.includes(operator) ? 1e-6 : 1e-9;
      forSketches(40, (sketch) => {
        const output = draw(sketch);
        const { inputs } = output.node;
        const changing = new Set(sketch.wanted);
        // Two values that both change: no rule says what either contributes.
        if (operator === 'Pow' && inputs.every((value) => changing.has(value))) return;
        if (operator === 'BatchNormalization' && inputs.slice(1).some((value) => changing.has(value))) return;
        const share = gap(output, sketch.wanted, sketch.feeds, otherFeeds(sketch));
        ok(share < limit, `off by ${share}`);
      });
    });
  }

  it('chains of operators, with values used more than once', () => {
    forSketches(40, (sketch) => {
      const output = chain(sketch);
      const used = new Set(createGraph({ output }).inputs);
      const wanted = sketch.wanted.filter((value) => used.has(value));
      const share = gap(output, wanted, sketch.feeds, otherFeeds(sketch));
      ok(share < 1e-6, `off by ${share}`);
    });
  });
});

/** x [1, 2, 3, 3] and its baseline: far, near, equal, at 0 and on both sides of every kink. */
const places = [-9, -4, -3.5, -2, -1, -0.5, -0.01, 0, 0, 0.01, 0.5, 1, 2, 3, 3.5, 4, 9, 0];
const starts = [-8, 4, -3.5, 2, 0.5, -0.25, 0.01, 0, 1, -1, -0.5, 1, -2, 2.5, -4, 3, -9, -0.5];
const shape = [1, 2, 3, 3];
const slopes = floats([0.25, -0.5], [2, 1, 1]);
const times = (x: Value, factor: number): Value => multiply(x, scalar(factor));
const plus = (x: Value, term: number): Value => add(x, scalar(term));
const clip = (x: Value, min: number, max: number): Value => apply('Clip', [x], { min, max });
const power = (x: Value, exponent: number): Value => apply('Pow', [x, scalar(exponent)], {});
const normal = (x: Value): Value => plus(errorFunction(divide(x, scalar(Math.SQRT2))), 1);
const cubic = (x: Value): Value => add(x, times(power(x, 3), 0.044715));

/** Composed activations, as ONNX operators are read and as exporters and people write them. */
const composed: Readonly<Record<string, (x: Value) => Value>> = {
  SiLU: (x) => multiply(x, sigmoid(x)),
  'SiLU as a quotient': (x) => divide(x, plus(exponential(negate(x)), 1)),
  GELU: (x) => gelu(x),
  'GELU, x (1 + erf) / 2': (x) => times(multiply(x, normal(x)), 0.5),
  'GELU, x ((1 + erf) / 2)': (x) => multiply(x, times(normal(x), 0.5)),
  'GELU by tanh': (x) => geluTanh(x),
  'GELU by tanh and Pow': (x) =>
    multiply(times(x, 0.5), plus(tanh(times(cubic(x), Math.sqrt(2 / Math.PI))), 1)),
  Mish: (x) => multiply(x, tanh(softplus(x))),
  'Mish by exponentials': (x) => multiply(x, tanh(apply('Log', [plus(exponential(x), 1)], {}))),
  'Hard-swish': (x) => multiply(x, hardSigmoid(x, 1 / 6, 0.5)),
  'Hard-swish by ReLU6': (x) => divide(multiply(x, clip(plus(x, 3), 0, 6)), scalar(6)),
  ReLU6: (x) => clip(x, 0, 6),
  SELU: (x) => times(apply('Elu', [x], { alpha: 1.6732632 }), 1.050701),
  'ELU by Where': (x) => where(greater(x, scalar(0)), x, plus(exponential(x), -1)),
  PReLU: (x) => prelu(x, slopes),
  'PReLU by ReLUs': (x) => subtract(relu(x), multiply(slopes, relu(negate(x)))),
  'Leaky ReLU by Max': (x) => apply('Max', [x, times(x, 0.1)], {}),
  'An open clamp by Max and Min': (x) =>
    apply('Min', [apply('Max', [x, scalar(Number.NEGATIVE_INFINITY)], {}), scalar(2)], {}),
  'Thresholded ReLU': (x) => where(greater(x, scalar(1)), x, scalar(0)),
  Softsign: (x) => divide(x, plus(absolute(x), 1)),
  'Squared ReLU': (x) => multiply(relu(x), relu(x)),
};

describe('DeepLift rescales a composed activation as a whole', () => {
  for (const [name, activation] of Object.entries(composed)) {
    it(name, () => {
      const x = input('x', ['N', 2, 3, 3]);
      const y = activation(x);
      const feeds = { x: { shape, data: Float64Array.from(places) } };
      const baselines = { x: { shape, data: Float64Array.from(starts) } };
      const seed = { shape, data: new Float64Array(18).fill(1) };
      const [found] = multipliers(y, [x], { feeds, baselines, seed });
      const [gradient] = multipliers(y, [x], { feeds, baselines, seed, rules: plain });
      const graph = createGraph({ y });
      const [at, from] = [evaluate(graph, feeds).y.data, evaluate(graph, baselines).y.data];
      for (const [i, multiplier] of found.entries()) {
        const difference = places[i] - starts[i];
        const expected = difference === 0 ? gradient[i] : (at[i] - from[i]) / difference;
        ok(
          Math.abs(multiplier - expected) < 1e-12,
          `at ${places[i]} from ${starts[i]}: ${multiplier}, not ${expected}`,
        );
      }
    });

    it(`${name} between convolutions is accounted for to rounding`, () => {
      const random = createRandom(1, 'weights');
      const weights = (dims: readonly number[]): Value =>
        floats(
          Float32Array.from({ length: sizeOf(dims) }, () => random.uniform(-1, 1)),
          dims,
        );
      const x = input('x', ['N', 2, 3, 3]);
      const first = activation(conv(x, weights([2, 2, 3, 3]), { pads: [1, 1, 1, 1] }));
      const second = activation(conv(first, weights([2, 2, 3, 3]), { pads: [1, 1, 1, 1] }));
      const feeds = { x: { shape, data: Float64Array.from(places) } };
      const baselines = { x: { shape, data: Float64Array.from(starts) } };
      const share = gap(second, [x], feeds, baselines);
      ok(share < 1e-9, `off by ${share}`);
    });
  }

  it('keeps to the ordinary gradient of Softmax where both passes are almost equal, and masks that are infinite', () => {
    const x = input('x', ['N', 4]);
    const mask = floats([0, Number.NEGATIVE_INFINITY, 0, 0], [1, 4]);
    const y = apply('Softmax', [add(x, mask)], { axis: 1 });
    const at = { x: { shape: [1, 4], data: Float64Array.of(1, 2, -300, 0.5) } };
    const near = { x: { shape: [1, 4], data: Float64Array.of(1 + 1e-9, 2, -300, 0.5) } };
    const far = { x: { shape: [1, 4], data: Float64Array.of(-400, 7, 300, 0.5) } };
    const seed = { shape: [1, 4], data: Float64Array.of(1, -2, 3, 0.5) };
    const [found] = multipliers(y, [x], { feeds: at, baselines: near, seed });
    const [gradient] = multipliers(y, [x], { feeds: at, baselines: near, seed, rules: plain });
    for (const [i, value] of found.entries()) ok(Math.abs(value - gradient[i]) < 1e-8);
    ok(gap(y, [x], at, far) < 1e-9);
  });
});

describe('DeepLift accounts for whole networks, in double precision', () => {
  const folder = new URL('../fixtures/architectures/', import.meta.url);
  for (const name of ['mobilenet-v3', 'efficientnet', 'convnext', 'mixer', 'vit', 'vit-timm']) {
    it(name, async () => {
      const bytes = gunzipSync(readFileSync(new URL(`${name}-captured-18-one.onnx.gz`, folder)));
      const { graph } = await readOnnx({ bytes, name });
      const [image] = graph.inputs;
      const size = [1, ...shapeOf(image).slice(1).map(Number)];
      const random = createRandom(1, 'image');
      const draw = () => ({
        shape: size,
        data: Float64Array.from({ length: sizeOf(size) }, () => random.uniform(-1, 1)),
      });
      const { name: key } = image.node;
      const share = gap(graph.outputs.scores, [image], { [key]: draw() }, { [key]: draw() });
      // Means divide by numbers that graphs hold in single precision.
      ok(share < 1e-6, `off by ${share}`);
    });
  }
});
