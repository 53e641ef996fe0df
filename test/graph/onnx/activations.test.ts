import { ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'mocha';
import { differentiate } from '../../../lib/src/graph/differentiate.js';
import { createGraph, shapeOf, substitute, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { input, type Value } from '../../../lib/src/graph/node.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import type { RuleTable } from '../../../lib/src/graph/rule.js';
import { deepLift } from '../../../lib/src/graph/rules/deepLift.js';
import { deconvnet, guided } from '../../../lib/src/graph/rules/guided.js';
import { plain } from '../../../lib/src/graph/rules/plain.js';
import { evaluate } from '../../reference/reference.js';

interface Facts {
  readonly forms: readonly string[];
  readonly shape: readonly number[];
  readonly target: number;
  readonly image: readonly number[];
  readonly baseline: readonly number[];
  readonly gradient: readonly number[];
  readonly guided: readonly number[];
  readonly deconvolution: readonly number[];
  /** Nothing where Captum keeps the ordinary gradient. */
  readonly deepLift?: readonly number[];
}

const folder = new URL('../../fixtures/activations/', import.meta.url);
const names = [
  ...['relu', 'leaky-relu', 'elu', 'sigmoid', 'tanh', 'softplus', 'prelu', 'prelu-of-relus', 'silu', 'gelu'],
  ...[
    'gelu-tanh',
    'mish',
    'hardswish',
    'hardswish-of-relu',
    'hardsigmoid',
    'selu',
    'celu',
    'relu6',
    'softsign',
  ],
];

/** A network's constants, such as the 0.044715 of GELU, are in single precision; Captum's in double. */
const tolerance = 1e-6;

function requireClose(got: Float64Array, expected: readonly number[], what: string): void {
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - got[i])));
  ok(
    got.length === expected.length && worst <= tolerance * largest,
    `${what}: off by ${worst}, of ${largest}`,
  );
}

describe('activations of exported networks', () => {
  for (const name of names) {
    const facts: Facts = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    for (const form of facts.forms) {
      it(`${name}, ${form}: gradients, guided backpropagation and deconvolution are Captum's`, async () => {
        const bytes = gunzipSync(readFileSync(new URL(`${name}-${form}.onnx.gz`, folder)));
        const { graph } = await readOnnx({ bytes, name });
        const { scores } = graph.outputs;
        const [image] = graph.inputs;
        ok(topologicalOrder([scores]).every(({ operator }) => operator !== 'Opaque'));
        const start = input('baseline', shapeOf(image));
        const inReference = new Map<Value, Value>();
        const [from] = substitute([scores], new Map([[image, start]]), inReference);
        const of = (data: readonly number[]) => ({ shape: [...facts.shape], data: Float64Array.from(data) });
        const seed = { shape: [1, 2], data: Float64Array.from([0, 1], (i) => Number(i === facts.target)) };
        const feeds = { [image.node.name]: of(facts.image), baseline: of(facts.baseline), seed };
        const map = (rules: RuleTable): Float64Array => {
          const [gradient] = differentiate(scores, [image], input('seed', shapeOf(scores)), {
            rules,
            reference: (value) => inReference.get(value) ?? value,
          });
          return evaluate(createGraph({ gradient }), feeds).gradient.data;
        };
        requireClose(map(plain), facts.gradient, 'the gradient');
        requireClose(map(guided()), facts.guided, 'guided backpropagation');
        requireClose(map(deconvnet), facts.deconvolution, 'deconvolution');
        const contributions = map(deepLift()).map((m, i) => m * (facts.image[i] - facts.baseline[i]));
        if (facts.deepLift) requireClose(contributions, facts.deepLift, 'DeepLift');
        const passes = evaluate(createGraph({ scores, from }), feeds);
        const difference = passes.scores.data[facts.target] - passes.from.data[facts.target];
        const missing = Math.abs(contributions.reduce((sum, value) => sum + value) - difference);
        const size = contributions.reduce((sum, value) => sum + Math.abs(value), 0);
        ok(missing < 1e-9 * size, `DeepLift misses ${missing} of ${difference}`);
      });
    }
  }
});
