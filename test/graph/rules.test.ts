import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createGraph, topologicalOrder } from '../../lib/src/graph/graph.js';
import { plain } from '../../lib/src/graph/rules/plain.js';
import { cases, chain } from './cases.js';
import { checkGradient } from './checkGradient.js';
import { forSketches } from './sketch.js';

describe('plain gradients agree with central differences in double precision', () => {
  it('tests every operator of the rule table', () => {
    deepEqual(Object.keys(cases).sort(), Object.keys(plain).sort());
  });

  for (const [operator, draw] of Object.entries(cases)) {
    it(operator, () => {
      forSketches(40, (sketch) => {
        const output = draw(sketch);
        ok(topologicalOrder([output]).some((node) => node.operator === operator));
        checkGradient(output, sketch.feeds, sketch.wanted);
      });
    });
  }

  it('chains of operators, with values used more than once', () => {
    forSketches(40, (sketch) => {
      const output = chain(sketch);
      const used = new Set(createGraph({ output }).inputs);
      checkGradient(
        output,
        sketch.feeds,
        sketch.wanted.filter((value) => used.has(value)),
      );
    });
  });
});
