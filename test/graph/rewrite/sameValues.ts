/** Compares a graph with its rewritten form, in the reference engine. */
import { deepEqual, ok } from 'node:assert/strict';
import { differentiate } from '../../../lib/src/graph/differentiate.js';
import { createGraph, type Graph, shapeOf } from '../../../lib/src/graph/graph.js';
import { input, type Value } from '../../../lib/src/graph/node.js';
import { evaluate } from '../../reference/reference.js';
import type { Sketch } from '../sketch.js';

/** A network's output and its gradients towards what the sketch can change, for the seed given with the feeds. */
export function withGradients(output: Value, wanted: readonly Value[]): Graph {
  const used = new Set(createGraph({ output }).inputs);
  const wrt = wanted.filter((value) => used.has(value));
  const gradients = differentiate(output, wrt, input('seed', shapeOf(output)));
  return createGraph({
    output,
    ...Object.fromEntries(gradients.map((value, i) => [`gradient ${i}`, value])),
  });
}

/** Fails where a value of the rewritten graph is another than of the graph. */
export function sameValues(graph: Graph, rewritten: Graph, feeds: Sketch['feeds']): void {
  const output = evaluate(createGraph({ output: graph.outputs.output }), feeds).output;
  const seed = { data: output.data.map((_, i) => Math.cos(i)), shape: output.shape };
  const [expected, found] = [graph, rewritten].map((one) => evaluate(one, { ...feeds, seed }));
  deepEqual(Object.keys(found), Object.keys(expected));
  for (const [name, { data, shape }] of Object.entries(expected)) {
    deepEqual(found[name].shape, shape);
    for (const [i, value] of data.entries()) {
      ok(Math.abs(found[name].data[i] - value) <= 1e-6 * Math.max(1, Math.abs(value)), name);
    }
  }
}
