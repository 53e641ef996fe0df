/** What networks learned of mosaics that is no land cover, against networks that say what they look at; and their card. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { mosaicSubject } from '../../lib/src/analysis/cardSubjects.js';
import { writeModelCard } from '../../lib/src/analysis/modelCard.js';
import { measureSeams, mosaicComparisons } from '../../lib/src/analysis/mosaicBiases.js';
import { measureBiases } from '../../lib/src/analysis/plantedBiases.js';
import { mosaics } from '../../lib/src/dataset/mosaics.js';
import type { Patch } from '../../lib/src/dataset/patch.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats, input } from '../../lib/src/graph/node.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { sigmoid } from '../../lib/src/graph/operators/activation.js';
import { reshape } from '../../lib/src/graph/operators/arrangement.js';
import { matMul } from '../../lib/src/graph/operators/matMul.js';
import { reduceMean } from '../../lib/src/graph/operators/reduction.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { type Tensor, tensor } from '../../lib/src/tensor.js';
import { cosineRecipe } from '../../lib/src/training/recipe.js';
import { chipClasses, chipSide, chips } from '../chips.js';

const [pasture, river] = ['Pasture', 'River'].map((name) => chipClasses.indexOf(name));

/** The classes of the chips in an image, by their values. */
function shown({ data }: Tensor): ReadonlySet<number> {
  return new Set(Array.from(data.slice(0, 4 * chipSide ** 2), (code) => Math.floor((code % 1000) / 100)));
}

/** Scores images one by one, by the classes that their chips have. */
const scorer = (scoreOf: (classes: ReadonlySet<number>, k: number) => number) => ({
  ...{ name: 'scorer', classes: chipClasses },
  prepare: ({ image }: Pick<Patch, 'image'>) => tensor(image.data, [1, ...image.shape]),
  async score({ data, shape }: Tensor): Promise<Tensor> {
    const size = data.length / shape[0];
    const scores = Array.from({ length: shape[0] }, (_, i) => {
      const classes = shown(tensor(data.slice(i * size, (i + 1) * size), shape.slice(1)));
      return chipClasses.map((_, k) => scoreOf(classes, k));
    });
    return tensor(Float32Array.from(scores.flat()), [shape[0], chipClasses.length]);
  },
});

/** Sees every class, but rivers where a pasture is. */
const biased = scorer((classes, k) => (classes.has(k === river ? pasture : k) ? 0.75 : 0.25));
const honest = scorer((classes, k) => (classes.has(k) ? 0.75 : 0.25));

describe('mosaicComparisons', () => {
  it('show what the planted class does for the score of its label', async () => {
    const comparisons = await mosaicComparisons(chips());
    const [effect] = await measureBiases(biased, comparisons, { images: 20 });
    assert.deepEqual(effect, {
      ...{ bias: 'Pasture beside River', scoreOf: 'River', among: 'images labelled River', images: 20 },
      ...{ without: 0.25, with: 0.75, predictedWithout: 0, predictedWith: 1 },
    });
    const [none] = await measureBiases(honest, comparisons, { images: 20 });
    assert.deepEqual([none.without, none.with], [0.75, 0.75]);
  });
});

describe('measureSeams', () => {
  it('counts what is predicted where there are seams and nothing else', async () => {
    assert.deepEqual(await measureSeams(honest, chips(), { images: 30 }), {
      ...{ images: 30, predicted: 1, recall: 1, wrong: 0 },
    });
    const several = scorer((classes, k) => (classes.has(k) || classes.has((k + 1) % 5) ? 0.75 : 0.25));
    assert.deepEqual(await measureSeams(several, chips(), { images: 30 }), {
      ...{ images: 30, predicted: 2, recall: 1, wrong: 1 },
    });
  });
});

describe('the model card of a network of mosaics', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());

  it('says what was measured of the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-card-'));
    try {
      const file = join(folder, 'mean.onnx');
      const image = input('image', ['N', 2, 2 * chipSide, 2 * chipSide]);
      const means = reshape(reduceMean(image, [2, 3]), ['N', 2]);
      const logits = matMul(means, floats([3, -1, 2, 1, -2, -3, 1, 0, 1, 2], [2, 5]));
      const statistics = { mean: [2200, -2200], deviation: [150, 150] };
      const description = {
        name: 'Mean',
        bands: ['B04', 'B02'],
        classes: chipClasses,
        normalisation: statistics,
      };
      await writeFile(file, writeOnnx(createGraph({ logits, scores: sigmoid(logits) })));
      await writeFile(join(folder, 'mean.json'), JSON.stringify(description));
      const counts = { train: 100, validation: 10, test: 40 };
      const subject = await mosaicSubject(await mosaics(chips(), { counts }), chips());
      const recipe = cosineRecipe({ size: 8, train: 100, validation: 10 }, { seed: 3 });
      const path = await writeModelCard(file, subject, { engine, recipe, history: [], initial: 'a.onnx' });
      assert.equal(path, join(folder, 'mean.md'));
      const card = await readFile(path, 'utf8');
      const classifier = await openClassifier(file, { engine });
      const [effect] = await measureBiases(classifier, subject.comparisons);
      const { predicted } = await measureSeams(classifier, chips());
      await classifier.dispose();
      assert.match(card, /^# Mean on Mosaics of chips\n/);
      assert.match(card, /100 training, 10 validation and 40 test images/);
      assert.match(card, /seed 3; starts from a\.onnx\./);
      assert.ok(card.includes(`| ${effect.without.toFixed(3)} (`), 'the planted bias');
      assert.ok(card.includes(`${predicted.toFixed(2)} classes are predicted in the mean`), 'the seams');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
