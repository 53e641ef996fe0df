import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { evaluate } from '../../lib/src/analysis/evaluate.js';
import { summariseMissingLabels } from '../../lib/src/analysis/missingLabels.js';
import { measureBiases } from '../../lib/src/analysis/plantedBiases.js';
import { sceneComparisons } from '../../lib/src/analysis/sceneBiases.js';
import { scoreImages } from '../../lib/src/analysis/scoredImages.js';
import type { Method } from '../../lib/src/attribution/attribution.js';
import { createExplain } from '../../lib/src/attribution/attribution.js';
import { sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { sceneClasses } from '../../lib/src/dataset/scenes/classes.js';
import { scenes } from '../../lib/src/dataset/scenes.js';
import { readCase } from '../../lib/src/study/caseStudy.js';
import { measureGroundTruth } from '../../lib/src/study/groundTruth.js';
import { runStudy } from '../../lib/src/study/run.js';
import { type Selection, selectImages } from '../../lib/src/study/selection.js';
import type { StudiedClassifier } from '../../lib/src/study/subject.js';
import { rows, sizeOf, tensor } from '../../lib/src/tensor.js';
import { withFolder } from './fixture.js';

const side = 48;
const area = side * side;
const names: readonly string[] = sceneClasses;

/** Every class has a band of its own, by its name, and a score that follows the mean of the band. */
const bandOf = (name: string): number => names.indexOf(name) % sentinel2Bands.length;

function network(classes: readonly string[]) {
  const classifier: StudiedClassifier = {
    ...{ name: 'Bands', bands: sentinel2Bands, classes, size: [side, side], hash: '0123456789abcdef' },
    engine: { name: 'arithmetic', threads: 1 },
    prepare: ({ image }) =>
      tensor(
        image.data.map((value) => value / 1000),
        [1, ...image.shape],
      ),
    async score(images) {
      const { shape } = images;
      const scores = Array.from({ length: shape[0] }, (_, i) => rows(images, i).data).flatMap((image) =>
        classes.map((name) => {
          const band = image.subarray(bandOf(name) * area, (bandOf(name) + 1) * area);
          const mean = band.reduce((sum, value) => sum + value, 0) / area;
          // Most classes are predicted, so that every question is asked.
          return 1 / (1 + Math.exp(-mean - names.indexOf(name) / 100));
        }),
      );
      return tensor(Float32Array.from(scores), [shape[0], classes.length]);
    },
  };
  const method: Method = {
    ...{ id: 'saliency', name: 'Saliency', reduction: 'absolute' },
    explain: createExplain({ method: 'Saliency' }, async ({ data, shape }, targets) => {
      const size = sizeOf(shape) / shape[0];
      const values = targets.flatMap((target, i) => {
        const start = i * size + bandOf(typeof target === 'number' ? classes[target] : '') * area;
        return [...data.subarray(start, start + area)];
      });
      return { values: tensor(Float32Array.from(values), [shape[0], 1, side, side]) };
    }),
  };
  return { classifier, methods: [method] };
}

const straight = network(sceneClasses);
// Another order, and outputs that scenes does not know between them.
const turned = network(
  [...[...sceneClasses].reverse(), 'Airports', 'Salines'].map((_, i, all) => all[(5 * i) % 16]),
);

describe("a network whose classes stand in another order than the data set's", () => {
  const dataset = scenes({ size: side });

  it('finds the same ground truth', () =>
    withFolder(async (folder) => {
      const truthOf = ({ classifier, methods }: typeof straight, name: string) =>
        measureGroundTruth(classifier, methods, {
          ...{ images: 2, preset: 'quick', seed: 0, folder: `${folder}/${name}` },
        }).then((records) => records.map((record) => ({ ...record, study: '' })));
      const expected = await truthOf(straight, 'a');
      assert.ok(new Set(expected.map(({ question }) => question)).size === 3, 'every question was asked');
      assert.deepEqual(await truthOf(turned, 'b'), expected);
    }));

  it('learned the same planted biases', async () => {
    const expected = await measureBiases(straight.classifier, sceneComparisons({ size: side }), {
      images: 5,
    });
    assert.deepEqual(
      await measureBiases(turned.classifier, sceneComparisons({ size: side }), { images: 5 }),
      expected,
    );
  });

  it('is evaluated by class alike', async () => {
    const of = async ({ classifier }: typeof straight) => {
      const { classes, metrics } = evaluate(await scoreImages(dataset, classifier, { images: 30 }));
      return {
        micro: metrics.micro,
        byClass: new Map(classes.map((name, i) => [name, metrics.perClass[i]])),
      };
    };
    assert.deepEqual(await of(turned), await of(straight));
  });

  it('is studied alike', () =>
    withFolder(async (folder) => {
      const of = async ({ classifier, methods }: typeof straight, name: string) => {
        const study = { dataset, classifier, methods, preset: 'quick' as const, seed: 0, images: 2 };
        const { records } = await runStudy({ ...study, folder: `${folder}/${name}` });
        return records.map(({ image, target: { name, score }, metrics: { morf }, localisation }) => [
          ...[image, name, score, morf, localisation],
        ]);
      };
      assert.deepEqual(await of(turned, 'b'), await of(straight, 'a'));
    }));

  it('has the same images selected by class and outcome', async () => {
    const selections: readonly Selection[] = [
      { split: 'test', className: 'Pastures', outcome: 'true-positive' },
      { split: 'test', outcome: 'false-positive' },
      { split: 'test', outcome: 'missing-label' },
    ];
    for (const selection of selections) {
      const of = async ({ classifier }: typeof straight) => {
        const found = await selectImages(dataset, classifier, selection, 1, { seed: 0 });
        return found.map(({ index, target }) => ({
          index,
          name: target === undefined ? target : classifier.classes[target],
        }));
      };
      assert.deepEqual(await of(turned), await of(straight), selection.outcome);
    }
  });

  it('has the same predictions where labels were left out', async () => {
    const of = async ({ classifier }: typeof straight) => {
      const rows = summariseMissingLabels(await scoreImages(dataset, classifier, { images: 30 }));
      return rows.toSorted((a, b) => a.missing.localeCompare(b.missing));
    };
    const expected = await of(straight);
    assert.ok(expected.some(({ images, score }) => images > 0 && score > 0));
    assert.deepEqual(await of(turned), expected);
  });

  it('has the same score, mask and verdict in a case', async () => {
    const image = await dataset.nameOf('test', 0);
    for (const className of sceneClasses) {
      const of = async ({ classifier }: typeof straight) => {
        const { shown, verdict } = await readCase({ image, className }, { dataset, classifier });
        return { ...shown, index: classifier.classes[shown.index], verdict };
      };
      assert.deepEqual(await of(turned), await of(straight), className);
    }
  });

  it('is refused by name where it lacks a class that is asked for', () =>
    withFolder(async (folder) => {
      const { classifier, methods } = network(sceneClasses.filter((name) => name !== 'Permanent crops'));
      const lacks = /Bands: Bands has no such class \(expected one of .*, got "Permanent crops"\)/;
      await assert.rejects(measureBiases(classifier, sceneComparisons({ size: side }), { images: 1 }), lacks);
      const options = { images: 1, preset: 'quick' as const, seed: 0, folder };
      await assert.rejects(measureGroundTruth(classifier, methods, options), lacks);
    }));
});
