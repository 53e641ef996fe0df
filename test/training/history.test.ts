import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import {
  readTrainingHistory,
  type TrainingHistory,
  trainingHistoryPath,
  writeTrainingHistory,
} from '../../lib/src/training/history.js';

const check = { trainingLoss: 0.5, validationLoss: 0.4, validationMicroF1: 0.6, seconds: 12 };
const written: TrainingHistory = {
  recipe: {
    seed: 0,
    phases: [{ size: 60, images: 100, batch: 10 }],
    rate: 0.001,
    warmUp: 0.03,
    validationImages: 20,
    checkEvery: 50,
  },
  history: [
    { images: 50, phase: 0, ...check },
    { images: 100, phase: 0, ...check, validationLoss: 0.3 },
  ],
};

describe('training history', () => {
  let folder = '';
  let model = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-'));
    model = join(folder, 'net.onnx');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lies beside the model and is read as it was written', async () => {
    assert.equal(await writeTrainingHistory(model, written), join(folder, 'net.training.json'));
    assert.deepEqual(await readTrainingHistory(model), written);
  });

  it('is undefined where there is none', async () => {
    assert.equal(await readTrainingHistory(model), undefined);
  });

  it('is refused where it is broken', async () => {
    await writeTrainingHistory(model, written);
    const text = await readFile(trainingHistoryPath(model), 'utf8');
    const broken = [
      text.slice(0, 40),
      'null',
      '[]',
      text.replace('"seconds":12', '"seconds":"12"'),
      text.replace('"validationLoss":0.3,', ''),
      text.replace('"batch":10', '"batch":null'),
      text.replace('"phases":[', '"phases":[null,'),
      text.replace('"history": [', '"history": [null,'),
    ];
    for (const content of broken) {
      await writeFile(trainingHistoryPath(model), content);
      await assert.rejects(readTrainingHistory(model), InputError, content);
    }
  });
});
