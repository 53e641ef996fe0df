/** Checks derived gradients against central differences, both in double precision. */
import { deepEqual, ok } from 'node:assert/strict';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph, shapeOf } from '../../lib/src/graph/graph.js';
import { input, type Value } from '../../lib/src/graph/node.js';
import { createRandom } from '../../lib/src/random.js';
import { evaluate, type ReferenceTensor } from '../reference/reference.js';

type Feeds = Readonly<Record<string, ReferenceTensor>>;

const tolerance = 1e-6;
const step = 1e-3;

const inner = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

/** d loss / d direction by central differences of fourth order: the error shrinks with step^4. */
function slope(loss: (feeds: Feeds) => number, feeds: Feeds, name: string, direction: Float64Array): number {
  const at = (t: number): number => {
    const { data, shape } = feeds[name];
    return loss({ ...feeds, [name]: { data: data.map((value, i) => value + t * direction[i]), shape } });
  };
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

/** The gradient of sum(output x seed), for a random seed, against central differences along random directions. */
export function checkGradient(output: Value, feeds: Feeds, wanted: readonly Value[]): void {
  const random = createRandom(1, 'directions');
  const randomLike = ({ shape, data }: ReferenceTensor): ReferenceTensor => ({
    shape,
    data: data.map(() => random.uniform(-1, 1)),
  });
  const forward = createGraph({ output });
  const seedValues = randomLike(evaluate(forward, feeds).output);
  const seed = input('seed', shapeOf(output));
  const gradients = differentiate(output, wanted, seed);
  const graph = createGraph(Object.fromEntries(gradients.map((value, i) => [`gradient ${i}`, value])));
  const results = evaluate(graph, { ...feeds, seed: seedValues });
  const loss = (fed: Feeds): number => inner(evaluate(forward, fed).output.data, seedValues.data);

  for (const [i, value] of wanted.entries()) {
    const { name } = value.node;
    const gradient = results[`gradient ${i}`];
    deepEqual(gradient.shape, feeds[name].shape, `shape of the gradient of ${name}`);
    for (let repeat = 0; repeat < 2; repeat++) {
      const direction = randomLike(gradient).data;
      const expected = slope(loss, feeds, name, direction);
      const got = inner(gradient.data, direction);
      const scale = gradient.data.reduce((sum, g, k) => sum + Math.abs(g * direction[k]), 1e-3);
      const error = Math.abs(got - expected) / scale;
      ok(error < tolerance, `${name}: ${got} instead of ${expected}, off by ${error}`);
    }
  }
}
