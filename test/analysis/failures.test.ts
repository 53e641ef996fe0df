import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  countByClass,
  countByScore,
  explainMistakes,
  falseNegatives,
  falsePositives,
  firstOfEachClass,
  lookedAt,
} from '../../lib/src/analysis/failures.js';
import { type ScoredImage, type ScoredImages, scoreImages } from '../../lib/src/analysis/scoredImages.js';
import { shareByClass } from '../../lib/src/attribution/explainPatch.js';
import { insideTable, mistakeRows, mistakeTable } from '../../lib/src/figure/caseRows.js';
import { tinyClassifier, tinyDataset, tinyMethods } from '../study/fixture.js';

const urban = 0;
const beach = 1;

function image(index: number, changes: Partial<ScoredImage>): ScoredImage {
  const name = `image ${index}`;
  return {
    index,
    name,
    labels: [],
    scores: Float32Array.of(0, 0, 0),
    cover: [0, 0, 0],
    missing: [],
    ...changes,
  };
}

const split: ScoredImages = {
  classes: ['Urban fabric', 'Beaches, dunes, sands', 'Unknown to the data set'],
  shared: [urban, beach],
  images: [
    // A hamlet without its label, found; and a class that the data set does not have.
    image(0, { scores: Float32Array.of(0.75, 0.25, 0.99), cover: [0.06, 0, 0], missing: [urban] }),
    // A hamlet without its label, not found; a beach too small for a label.
    image(1, { scores: Float32Array.of(0.25, 0.625, 0), cover: [0.05, 0.01, 0], missing: [urban] }),
    // Neither is there.
    image(2, { scores: Float32Array.of(0.875, 0, 0) }),
    // A beach that is missed, at the threshold; a label that is right.
    image(3, { labels: [urban, beach], scores: Float32Array.of(0.9, 0.5, 0), cover: [0.3, 0.2, 0] }),
    image(4, { labels: [beach], scores: Float32Array.of(0, 0.125, 0), cover: [0, 0.2, 0] }),
  ],
};

describe('failures', () => {
  it('ranks false positives by confidence and says what they truly are', () => {
    assert.deepEqual(
      falsePositives(split).map((mistake) => [
        mistake.image.index,
        mistake.className,
        mistake.score,
        mistake.verdict,
      ]),
      [
        [2, 'Urban fabric', 0.875, 'not there'],
        [0, 'Urban fabric', 0.75, 'label missing'],
        [1, 'Beaches, dunes, sands', 0.625, 'too small for a label'],
      ],
    );
    const [unmasked] = falsePositives({ ...split, images: [{ ...split.images[2], cover: undefined }] });
    assert.equal(unmasked.verdict, 'unknown');
  });

  it('ranks false negatives, the lowest score first; a score at the threshold predicts nothing', () => {
    const missed = falseNegatives(split);
    assert.deepEqual(
      missed.map(({ image: { index }, score }) => [index, score]),
      [
        [4, 0.125],
        [3, 0.5],
      ],
    );
    assert.equal(missed[0].verdict, undefined);
  });

  it('takes the first mistake of each class', () => {
    const first = firstOfEachClass(falsePositives(split), 5);
    assert.deepEqual(
      first.map(({ image: { index } }) => index),
      [2, 1],
    );
    assert.equal(firstOfEachClass(falsePositives(split), 1).length, 1);
  });

  it('counts by class and by score', () => {
    const none = { 'label missing': 0, 'too small for a label': 0, 'not there': 0, unknown: 0 };
    assert.deepEqual(countByClass(split), [
      {
        className: 'Urban fabric',
        falseNegatives: 0,
        falsePositives: { ...none, 'label missing': 1, 'not there': 1 },
      },
      {
        className: 'Beaches, dunes, sands',
        falseNegatives: 2,
        falsePositives: { ...none, 'too small for a label': 1 },
      },
    ]);
    const bins = countByScore(falsePositives(split));
    assert.deepEqual(
      bins.map(({ from, to, counts }) => [from, to, Object.values(counts).reduce((a, b) => a + b)]),
      [
        [0.5, 0.6, 0],
        [0.6, 0.7, 1],
        [0.7, 0.8, 1],
        [0.8, 0.9, 1],
        [0.9, 1, 0],
      ],
    );
    assert.equal(bins[2].counts['label missing'], 1);
  });

  it('scores a data set, matching classes by name, and explains what is wrong', async () => {
    const scored = await scoreImages(tinyDataset, tinyClassifier, { images: 18 });
    const mistake = { image: scored.images[1], target: 0, className: 'Sand', score: 0.4 };
    const [explained] = await explainMistakes([mistake], {
      data: tinyDataset,
      classifier: tinyClassifier,
      methods: tinyMethods,
    });
    assert.deepEqual(
      explained.maps.map(({ method }) => method),
      ['Saliency', 'Grad-CAM', 'LIME'],
    );
    assert.equal(explained.mask?.indexOf(1), 0);
    const [row] = mistakeRows([explained]);
    assert.match(row.pictures[0].title, /^Test image 1: Sand, score 0.40; outlined 50/);
    assert.equal(row.maps[1].title, 'Grad-CAM: nothing positive');
    const [text] = mistakeTable([explained], tinyDataset);
    assert.equal(text.labels, 'Sand; Unknown to the model');
    assert.equal(text['Grad-CAM is drawn to'], 'not known');
    assert.match(String(text['LIME is drawn to']), /^Sand: /);
  });
});

describe('what relevance lies on', () => {
  const masks = Uint8Array.of(1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  const classes = ['A', 'B', 'C'];

  it('shares the positive relevance among the classes', () => {
    assert.deepEqual(shareByClass([2, -5, 6, 0], masks, 3), [0.25, 0.75, 0]);
    assert.deepEqual(shareByClass([-1, 0, 0, 0], masks, 3), [0, 0, 0]);
    assert.throws(() => shareByClass([1, 2], masks, 3), /wrong number of values/);
  });

  it('is drawn to the class where the share exceeds the area most', () => {
    // A has as much relevance as B on twice its area.
    assert.deepEqual(lookedAt([2, 2, 4, 0], { masks }, classes), { className: 'B', share: 0.5, area: 0.25 });
    assert.equal(lookedAt([0, 0, 0, 0], { masks }, classes), undefined);
    assert.equal(lookedAt([1, 1, 1, 1], {}, classes), undefined);
  });

  it('is averaged by method, images without positive relevance at 0', () => {
    const mask = Uint8Array.of(1, 0, 0, 0);
    const maps = (map: Float32Array, share?: number) => [
      { method: 'M', map, inside: { share, area: 0.25, ratio: undefined, hit: 0 } },
    ];
    assert.deepEqual(
      insideTable([
        { mask, maps: maps(Float32Array.of(3, 1, 0, 0), 0.75) },
        { mask, maps: maps(Float32Array.of(-1, 0, 0, 0)) },
        { maps: maps(Float32Array.of(1, 0, 0, 0)) },
      ]),
      [{ method: 'M', images: 2, share: 37.5, area: 25, ratio: 1.5, against: 1 }],
    );
    assert.deepEqual(insideTable([]), []);
  });
});
