import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { bindMethods } from '../../lib/src/attribution/explain.js';
import { methods } from '../../lib/src/attribution/methods.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createRandom } from '../../lib/src/random.js';
import { zeros } from '../../lib/src/tensor.js';
import { classifierOf, convolutionalLogits } from '../classifiers.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const sampling = [
  'saliency-sg',
  'input-x-gradient-sg',
  'integrated-gradients',
  'integrated-gradients-sg',
  'lime',
];

describe('the presets', () => {
  it('count the evaluations that methods state as taken, and efficient takes fewer than paper', async () => {
    const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
    const image = zeros([1, 4, 16, 16]);
    const random = createRandom(0, 'presets');
    for (let i = 0; i < image.data.length; i++) image.data[i] = random.normal();
    const evaluations = new Map<string, number>();
    for (const preset of ['paper', 'efficient'] as const) {
      for (const { id, explain } of bindMethods(classifier, undefined, { preset })) {
        const { uncertainty, parameters } = await explain(image, 1);
        deepEqual(explain.parameters, parameters, `${preset}, ${id}: parameters that are known before`);
        equal(uncertainty !== undefined, sampling.includes(id), `${preset}, ${id}`);
        if (uncertainty === undefined) continue;
        ok(uncertainty.relativeError[0] < 1, `${preset}, ${id}: ${uncertainty.relativeError[0]}`);
        evaluations.set(`${preset} ${id}`, uncertainty.evaluations[0]);
      }
    }
    for (const id of sampling) {
      const [paper = 0, efficient = Infinity] = ['paper', 'efficient'].map((preset) =>
        evaluations.get(`${preset} ${id}`),
      );
      // SmoothGrad's copies are as many: fewer would raise its Max-Sensitivity.
      const most = paper > 1000 ? paper / 3 : paper;
      ok(efficient <= most, `${id}: ${efficient}, ${paper}`);
    }
    deepEqual(
      sampling.map((id) => evaluations.get(`paper ${id}`)),
      [30, 30, 50, 1500, 6000],
    );
  });

  it('have the passes that estimates weigh them by', () => {
    const passes = (id: string, preset: 'paper' | 'efficient'): number | undefined =>
      methods.find((method) => method.id === id)?.passes({ size: [120, 120] }, preset);
    equal(passes('lime', 'paper'), 6000);
    equal(passes('integrated-gradients-sg', 'paper'), 4500);
    ok((passes('integrated-gradients-sg', 'efficient') ?? 4500) < 1500);
  });
});
