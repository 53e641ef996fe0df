import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { summariseMissingLabels } from '../../lib/src/analysis/missingLabels.js';
import { type ScoredImage, type ScoredImages, scoreImages } from '../../lib/src/analysis/scoredImages.js';
import type { Dataset } from '../../lib/src/dataset/patch.js';
import { tinyClassifier, tinyDataset } from '../study/fixture.js';

describe('scoreImages', () => {
  it('matches labels and masks with the outputs by name', async () => {
    const { shared, images } = await scoreImages(tinyDataset, tinyClassifier, { images: 18 });
    assert.deepEqual(shared, [0, 1]);
    assert.equal(images.length, 18);
    // Odd images show sand, which the classifier has first; the left half is the class.
    assert.deepEqual(images[1].labels, [0]);
    assert.deepEqual(images[1].cover, [0.5, 0]);
    assert.equal((await scoreImages(tinyDataset, tinyClassifier)).images.length, 20);
  });

  it('shares only the classes that the data set has', async () => {
    const other: Dataset = { ...tinyDataset, classes: ['Forest', 'Clay', 'Water'] };
    assert.deepEqual((await scoreImages(other, tinyClassifier, { images: 2 })).shared, [1]);
  });
});

/** Images of two classes with missing labels, in the order of `classes`. */
function split(classes: readonly string[]): ScoredImages {
  const order = (values: Readonly<Record<string, number>>) => classes.map((name) => values[name] ?? 0);
  const image = (
    index: number,
    scores: Readonly<Record<string, number>>,
    cover: Readonly<Record<string, number>>,
    { labels = [], missing = [] }: { readonly labels?: string[]; readonly missing?: string[] } = {},
  ): ScoredImage => ({
    ...{ index, name: `image ${index}`, scores: Float32Array.from(order(scores)), cover: order(cover) },
    labels: labels.map((name) => classes.indexOf(name)),
    missing: missing.map((name) => classes.indexOf(name)),
  });
  return {
    classes,
    shared: [...classes.keys()].filter((c) => classes[c] !== 'Airports'),
    images: [
      // A hamlet without its label: found, and exactly at the threshold, which predicts nothing.
      image(0, { [urban]: 0.75, [beach]: 0.25 }, { [urban]: 0.06 }, { missing: [urban] }),
      image(1, { [urban]: 0.5, [beach]: 0.625 }, { [urban]: 0.05, [beach]: 0.01 }, { missing: [urban] }),
      // Neither is there.
      image(2, { [urban]: 0.875 }, {}),
      image(3, { [urban]: 0.875, [beach]: 0.5 }, { [urban]: 0.3, [beach]: 0.2 }, { labels: [urban, beach] }),
      image(4, { [urban]: 0.5 }, { [beach]: 0.2 }, { labels: [beach] }),
    ],
  };
}
const urban = 'Urban fabric';
const beach = 'Beaches, dunes, sands';

describe('missing labels', () => {
  it('are compared with images that do not show the class', () => {
    const [hamlets, beaches] = summariseMissingLabels(split([urban, beach, 'Airports']));
    assert.deepEqual(hamlets, {
      missing: urban,
      images: 2,
      predicted: 0.5,
      score: 0.625,
      imagesElsewhere: 2,
      predictedElsewhere: 0.5,
      scoreElsewhere: 0.6875,
    });
    assert.equal(beaches.images, 0);
    assert.equal(beaches.predicted, 0);
  });

  it('are the same for a network with its classes in another order', () => {
    const byName = (classes: readonly string[]) =>
      new Map(summariseMissingLabels(split(classes)).map((row) => [row.missing, row]));
    assert.deepEqual(byName([beach, 'Airports', urban]), byName([urban, beach, 'Airports']));
  });
});
