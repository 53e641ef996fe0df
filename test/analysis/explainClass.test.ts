import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { findImages, theseClasses } from '../../lib/src/analysis/competingClasses.js';
import { explainClass } from '../../lib/src/analysis/explainClass.js';
import { relevance } from '../../lib/src/attribution/reduce.js';
import { measureMethod } from '../../lib/src/study/measure.js';
import { presets } from '../../lib/src/study/presets.js';
import { readSubject } from '../../lib/src/study/subject.js';
import { tinyClassifier, tinyDataset, tinyMethods } from '../study/fixture.js';

describe('explainClass', () => {
  it('has the map, the Max-Sensitivity and the localisation that the study records', async () => {
    const [image] = await findImages(tinyDataset, tinyClassifier, theseClasses('Sand'));
    const { shown, explanations } = await explainClass(image, tinyMethods, { draws: 3, seed: 0 });
    assert.equal(shown.name, 'Sand');
    const subject = await readSubject(tinyDataset, tinyClassifier, image.imageIndex);
    const options = { settings: presets.quick, seed: 0 };
    for (const { method, map, maxSensitivity, localisation } of explanations) {
      const { measurement } = await measureMethod(subject, method, tinyClassifier, options, true);
      assert.equal(maxSensitivity, measurement.metrics.maxSensitivity, method.id);
      assert.deepEqual(localisation, measurement.localisation, method.id);
      const attribution = await method.explain(image.input, [shown.index]);
      assert.deepEqual(map, relevance(attribution, method.reduction).data);
    }
    const [saliency, gradCam] = explanations;
    assert.ok(saliency.maxSensitivity > 0);
    assert.equal(gradCam.maxSensitivity, 0, 'a map of zeros stays one');
  });
});
