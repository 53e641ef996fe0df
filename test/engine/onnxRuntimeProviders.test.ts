import { describe, it } from 'mocha';
import { passesFor, providers } from '../../lib/src/engine/onnxRuntimeProviders.js';
import { rewrite } from '../../lib/src/graph/rewrite/rewrite.js';
import { cases } from '../graph/cases.js';
import { sameValues, withGradients } from '../graph/rewrite/sameValues.js';
import { forSketches } from '../graph/sketch.js';

describe("the form of a graph for onnxruntime's providers", () => {
  for (const provider of providers) {
    it(`has the values and gradients of every operator: ${provider}`, () => {
      for (const draw of Object.values(cases)) {
        forSketches(10, (sketch) => {
          const graph = withGradients(draw(sketch), sketch.wanted);
          sameValues(graph, rewrite(graph, passesFor[provider]), sketch.feeds);
        });
      }
    });
  }
});
