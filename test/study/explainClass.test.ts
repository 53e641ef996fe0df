import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { relevance } from '../../lib/src/attribution/reduce.js';
import { explainClass } from '../../lib/src/study/explainClass.js';
import { measureMethod } from '../../lib/src/study/measure.js';
import { presets } from '../../lib/src/study/presets.js';
import { readSubject } from '../../lib/src/study/subject.js';
import { tinyClassifier, tinyDataset, tinyMethods } from './fixture.js';

describe('explainClass', () => {
  it('has the map, the Max-Sensitivity and the localisation that the study records', async () => {
    // Odd images show sand.
    const { patch, input, target, mask } = await readSubject(tinyDataset, tinyClassifier, 1);
    const image = { patch, input, shown: { ...target, ...(mask && { mask }) } };
    const { explanations } = await explainClass(image, tinyMethods, { draws: 3, seed: 0 });
    const { shown } = image;
    assert.equal(shown.name, 'Sand');
    const subject = await readSubject(tinyDataset, tinyClassifier, 1);
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
