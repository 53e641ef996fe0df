/** The one path from an image, targets and methods to maps, and MoRF of its maps. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createExplain, type Method } from '../../lib/src/attribution/attribution.js';
import { bindMethods, explain } from '../../lib/src/attribution/explain.js';
import { relevance } from '../../lib/src/attribution/reduce.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import type { Engine } from '../../lib/src/engine/engine.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { morf } from '../../lib/src/metric/faithfulness/morf.js';
import { randomRelevance } from '../../lib/src/metric/faithfulness/ranking.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import { rows } from '../../lib/src/tensor.js';
import { normals } from '../classifiers.js';
import { refusesInput } from '../refuses.js';
import { tinyClassifier } from './perturbFixture.js';

const own: Method = {
  id: 'brightness',
  name: 'Brightness',
  explain: createExplain({ method: 'Brightness' }, async (images) => ({ values: images })),
};

/** Equal but for what rounding does in batches of other sizes. */
function near(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) <= 1e-4 * (1 + Math.abs(expected[i])), `value ${i}`);
  }
}

describe('explain', () => {
  let engine: Engine;
  let classifier: Classifier;
  before(() => {
    engine = createEngine({ threads: 1 });
    classifier = tinyClassifier(engine);
  });
  after(() => engine.dispose());
  const image = () => normals('image', [1, classifier.bands.length, ...classifier.size]);

  it('gives one map per method and target, in order, those of the methods alone', async () => {
    const [first, second] = classifier.classes;
    const found = await explain(classifier, image(), [first, 1], { methods: [own, 'saliency'] });
    assert.deepEqual(
      found.map(({ method, target }) => [method.id, target.name, target.index]),
      ['brightness', 'saliency'].flatMap((id) => [
        [id, first, 0],
        [id, second, 1],
      ]),
    );
    const alone = await saliency(classifier)(image(), second);
    assert.deepEqual(found[3].map.shape, [...classifier.size]);
    near(found[3].map.data, rows(relevance(alone), 0).data);
    assert.deepEqual(found[3].attribution.targets, [1]);
  });

  it('takes one target as it is, an image without its batch, and a set of classes in a list', async () => {
    const { data, shape } = image();
    const one = { data, shape: shape.slice(1) };
    const named = await explain(classifier, one, classifier.classes[1], { methods: ['saliency'] });
    const [listed] = await explain(classifier, image(), [1], { methods: ['saliency'] });
    assert.equal(named.length, 1);
    assert.deepEqual(named[0].map, listed.map);
    const [set] = await explain(classifier, one, [[0, 1]], { methods: ['saliency'] });
    assert.equal(set.target.name, classifier.classes.slice(0, 2).join(' + '));
  });

  it('refuses unknown classes and methods, and a method named twice', async () => {
    await refusesInput(() => explain(classifier, image(), 'nowhere'), 'nowhere', /nowhere/);
    await refusesInput(
      async () => bindMethods(classifier, ['gradcam']),
      'method id',
      /no such method.*"gradcam"/,
    );
    await refusesInput(async () => bindMethods(classifier, [own, own]), 'methods', /twice/);
  });

  it('gives maps that morf takes, and one of another size is refused', async () => {
    const [{ map }] = await explain(classifier, image(), 0, { methods: ['saliency'] });
    const curve = await morf(classifier, image(), map, 0);
    const { data } = await classifier.score(image());
    near([curve.scores[0]], [data[0]]);
    assert.equal(curve.removed.at(-1), 1);
    const [height, width] = classifier.size;
    const random = await morf(classifier, image(), randomRelevance(height, width), classifier.classes[0]);
    assert.equal(random.scores.length, curve.scores.length);
    await refusesInput(() => morf(classifier, image(), randomRelevance(2, 2), 0), 'morf', /map/);
  });
});
