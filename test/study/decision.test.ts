import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { evaluate } from '../../lib/src/analysis/evaluate.js';
import { summariseMissingLabels } from '../../lib/src/analysis/missingLabels.js';
import { summarisePairs } from '../../lib/src/analysis/plantedBiases.js';
import { sceneComparisons } from '../../lib/src/analysis/sceneBiases.js';
import { scoreImages } from '../../lib/src/analysis/scoredImages.js';
import { isPredicted, logitThreshold } from '../../lib/src/metric/classification/decision.js';
import { verdictOf } from '../../lib/src/study/caseStudy.js';
import { type Outcome, selectImages } from '../../lib/src/study/selection.js';
import { chooseTarget, type StudiedClassifier } from '../../lib/src/study/subject.js';
import { tensor } from '../../lib/src/tensor.js';
import { tinyClassifier, tinyDataset } from './fixture.js';

/** A classifier that gives every class of every image this score. */
function undecided(score: number): StudiedClassifier {
  return {
    ...tinyClassifier,
    score: async ({ shape: [count] }) => tensor(new Float32Array(2 * count).fill(score), [count, 2]),
  };
}

/** Each way to ask whether a label with this score is predicted. */
const answers: Readonly<Record<string, (score: number) => boolean | Promise<boolean>>> = {
  'the rule': (score) => isPredicted(score),
  'the rule, of logits': (score) => Math.log(score / (1 - score)) > logitThreshold,
  'the class to explain': (score) => chooseTarget([score], [0], ['a']).truePositive,
  'a case': (score) => verdictOf(true, score) === 'true positive',
  'missing labels': (score) => {
    const image = { index: 0, name: '', labels: [], missing: [0], scores: Float32Array.of(score) };
    const [row] = summariseMissingLabels({ classes: ['Urban fabric'], shared: [0], images: [image] });
    return row.predicted === 1;
  },
  'classification metrics': async (score) =>
    evaluate(await scoreImages(tinyDataset, undecided(score), { images: 2 })).metrics.micro.recall === 1,
  'planted biases': (score) =>
    summarisePairs(sceneComparisons()[0], [{ index: 0, without: 0, with: score }]).predictedWith === 1,
  'true positives of a study': (score) => isSelected(score, 'true-positive'),
  'false negatives of a study': async (score) => !(await isSelected(score, 'false-negative')),
};

const isSelected = (score: number, outcome: Outcome): Promise<boolean> =>
  selectImages(tinyDataset, undecided(score), { split: 'test', className: 'Sand', outcome }, 1, {
    seed: 0,
  }).then(
    () => true,
    () => false,
  );

describe('a class is predicted', () => {
  for (const [name, predicts] of Object.entries(answers)) {
    it(`above a score of 0.5, and not at it: ${name}`, async () => {
      assert.equal(await predicts(0.5), false, 'at 0.5');
      assert.equal(await predicts(0.5 + 2 ** -20), true, 'just above');
      assert.equal(await predicts(0.5 - 2 ** -20), false, 'just below');
    });
  }
});
