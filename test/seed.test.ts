/** Every part of the library that takes a seed has the same bound on it. */
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, before, describe, it } from 'mocha';
import { lime } from '../lib/src/attribution/lime.js';
import { smoothGrad } from '../lib/src/attribution/smoothGrad.js';
import { smoothIntegratedGradients } from '../lib/src/attribution/smoothIntegratedGradients.js';
import { readArguments } from '../lib/src/command/option.js';
import { studyCommand } from '../lib/src/command/studyOptions.js';
import { bandStatistics } from '../lib/src/dataset/bandStatistics.js';
import { openEuroSat } from '../lib/src/dataset/euroSat.js';
import { mosaics } from '../lib/src/dataset/mosaics.js';
import { scenes } from '../lib/src/dataset/scenes.js';
import type { Engine } from '../lib/src/engine/engine.js';
import {
  randomBlockRelevance,
  randomRelevance,
  relevanceRanking,
} from '../lib/src/metric/faithfulness/ranking.js';
import { maxSensitivity } from '../lib/src/metric/robustness/maxSensitivity.js';
import { openNetwork, openNotebook } from '../lib/src/notebook/openNotebook.js';
import { largestSeed, requireSeed } from '../lib/src/random.js';
import { explainClass } from '../lib/src/study/explainClass.js';
import { chooseImages } from '../lib/src/study/subject.js';
import { zeros } from '../lib/src/tensor.js';
import { cosineRecipe, paperRecipe } from '../lib/src/training/recipe.js';
import { freshWeights } from '../lib/src/training/trainingStep.js';
import { tinyClassifier as tinyNetwork } from './attribution/perturbFixture.js';
import { refusesInput } from './refuses.js';
import { tinyDataset, tinyMethods } from './study/fixture.js';
import { tinyArchitecture } from './training/tiny.js';

/** Other mistakes than that of the seed are not the point here. */
function onlySeeds(thrown: unknown): void {
  if (thrown instanceof Error && /seed/.test(thrown.message)) throw thrown;
}

const [{ explain }] = tinyMethods;
let engine: Engine;

const takers: Readonly<Record<string, (seed: number) => unknown>> = {
  requireSeed: (seed) => requireSeed(seed, 'here'),
  '--seed': (seed) => readArguments(studyCommand, ['--seed', String(seed)]),
  lime: (seed) => lime(tinyNetwork(engine), { seed }),
  smoothGrad: (seed) => smoothGrad(explain, { seed }),
  smoothIntegratedGradients: (seed) => smoothIntegratedGradients(tinyNetwork(engine), { seed }),
  maxSensitivity: (seed) => maxSensitivity(explain, zeros([1, 13, 12, 12]), [0], { seed, draws: 1 }),
  relevanceRanking: (seed) => relevanceRanking([1, 2], { seed }),
  randomRelevance: (seed) => randomRelevance(2, 2, { seed }),
  randomBlockRelevance: (seed) => randomBlockRelevance(4, 4, 2, { seed }),
  'initial weights': (seed) => freshWeights(tinyArchitecture, { bands: 1, classes: 1, size: 8 }, seed),
  paperRecipe: (seed) => paperRecipe({ size: 8, train: 64, validation: 8 }, { seed }),
  cosineRecipe: (seed) => cosineRecipe({ size: 8, train: 64, validation: 8 }, { seed }),
  scenes: (seed) => scenes({ seed }),
  mosaics: (seed) => mosaics(tinyDataset, { seed, planted: undefined }).catch(onlySeeds),
  openEuroSat: (seed) => openEuroSat('no such folder', { seed }).catch(onlySeeds),
  bandStatistics: (seed) => bandStatistics(tinyDataset, { seed, patches: 2 }),
  chooseImages: (seed) => chooseImages(tinyDataset, 2, seed),
};

const wrong = [-1, 0.5, largestSeed + 1, Number.NaN, Number.POSITIVE_INFINITY];
const expected = /whole number from 0 to 4294967295/;

describe('seeds', () => {
  before(() => {
    engine = createEngine({ threads: 1 });
  });
  after(() => engine.dispose());

  for (const [name, take] of Object.entries(takers)) {
    it(`are whole numbers from 0 to 2^32 - 1: ${name}`, async () => {
      for (const seed of wrong) await refusesInput(async () => take(seed), 'seed', expected);
      for (const seed of [0, largestSeed]) await take(seed);
    });
  }

  it('are asked for first: a notebook opens nothing for a wrong one', async () => {
    for (const seed of wrong) {
      await refusesInput(() => openNotebook({ seed }), 'SEED', expected);
      await refusesInput(() => openNetwork('no such file.onnx', { seed }), 'openNetwork', expected);
    }
  });

  it('of one explained class have the bound too', async () => {
    const patch = await tinyDataset.read('test', 0);
    const image = {
      patch,
      input: zeros([1, 13, 12, 12]),
      shown: { index: 0, name: 'Sand', score: 1 },
    };
    for (const seed of wrong)
      await refusesInput(() => explainClass(image, tinyMethods, { seed }), 'seed', expected);
  });
});
