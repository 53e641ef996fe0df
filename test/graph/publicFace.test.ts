/** What `landlens/graph` offers to a notebook. */
import { deepEqual, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { graphMethod } from '../../lib/src/attribution/graphMethod.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import * as graph from '../../lib/src/graph/index.js';
import { classifierOf, convolutionalLogits, normals } from '../classifiers.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

describe('landlens/graph', () => {
  const { differentiate, multiply, reduceMax, reduceMean, reduceSum, relu, resize } = graph;

  it('writes equations 4 and 5 of the paper, which are Grad-CAM', async () => {
    const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
    const image = normals('public face', [2, 4, 16, 16]);
    const own = (name: string, weigh: typeof reduceMean) =>
      graphMethod(classifier, name, ({ logits, target, features, size }) => {
        const [gradient] = differentiate(logits, [features], target);
        const sum = reduceSum(multiply(weigh(gradient, [2, 3], true), features), [1], true);
        return resize(relu(sum), { sizes: size });
      });
    const expected = await gradCam(classifier)(image, [2, 0]);
    const mean = await own('Grad-CAM by mean', reduceMean).explain(image, [2, 0]);
    deepEqual(mean.values, expected.values);
    const maximum = await own('Grad-CAM by maximum', reduceMax).explain(image, [2, 0]);
    ok(maximum.values.data.some((value, i) => value !== expected.values.data[i]));
  });

  it('has a sentence on every operator, with its name in ONNX', () => {
    const folder = new URL('../../lib/src/graph/operators/', import.meta.url);
    const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
    const text = sources.join('\n');
    const builders = Object.keys(graph).filter((name) =>
      new RegExp(`export (const ${name} = \\(|function ${name}\\()`).test(text),
    );
    ok(builders.length >= 50);
    const documented = builders.filter((name) =>
      new RegExp(
        `/\\*\\*(?:(?!\\*/)[\\s\\S])*ONNX(?:(?!\\*/)[\\s\\S])*\\*/\\nexport (const|function) ${name}\\b`,
      ).test(text),
    );
    deepEqual(documented, builders);
  });
});
