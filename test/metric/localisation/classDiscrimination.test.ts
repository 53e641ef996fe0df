import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { mapSimilarity, maskContrast } from '../../../lib/src/metric/localisation/classDiscrimination.js';

describe('mapSimilarity', () => {
  it('is 1 for a multiple of the same map, whatever its units', () => {
    const similarity = mapSimilarity([
      [1, 5, 2, 0],
      [10, 50, 20, 0],
    ]);
    assert.ok(similarity !== undefined && Math.abs(similarity.pearson - 1) < 1e-12);
    assert.ok(Math.abs(similarity.spearman - 1) < 1e-12);
  });

  it('is -1 where what speaks for one class speaks against the other', () => {
    const similarity = mapSimilarity([
      [1, -2, 3],
      [-1, 2, -3],
    ]);
    assert.ok(similarity !== undefined && Math.abs(similarity.pearson + 1) < 1e-12);
  });

  it('tells linear from rank agreement', () => {
    // Deviations (-1, 0, 1) and (-3, -2, 5): r = 8 / √(2 · 38); the order is the same.
    const similarity = mapSimilarity([
      [1, 2, 3],
      [0, 1, 8],
    ]);
    assert.ok(similarity !== undefined && Math.abs(similarity.pearson - 8 / Math.sqrt(76)) < 1e-12);
    assert.ok(Math.abs(similarity.spearman - 1) < 1e-12);
  });

  it('is not defined where a map is the same everywhere', () => {
    assert.equal(
      mapSimilarity([
        [0, 0, 0],
        [1, 2, 3],
      ]),
      undefined,
    );
  });

  it('refuses maps of different sizes', () => {
    assert.throws(
      () =>
        mapSimilarity([
          [1, 2, 3],
          [1, 2],
        ]),
      InputError,
    );
  });
});

describe('maskContrast', () => {
  const masks = [
    [1, 1, 0, 0],
    [0, 0, 1, 0],
  ] as const;

  it('is 1 where each map lies inside its own mask, -1 where they are swapped', () => {
    const [own, other] = [
      [2, 1, 0, 0],
      [0, 0, 3, -5],
    ];
    assert.equal(maskContrast([own, other], masks), 1);
    assert.equal(maskContrast([other, own], masks), -1);
  });

  it('is 0 for a method that is blind to the class, however unequal the masks', () => {
    const map = [7, 1, 2, 0];
    assert.equal(maskContrast([map, map], masks), 0);
    assert.equal(
      maskContrast(
        [
          [1, 1, 1, 1],
          [2, 2, 2, 2],
        ],
        masks,
      ),
      0,
    );
  });

  it('is the mean of what both classes gain inside their own masks', () => {
    // First mask: 3/4 of the first map, 1/2 of the second. Second mask: 1/4 of the second map, none of the first.
    const maps = [
      [2, 1, 0, 1],
      [1, 1, 1, 1],
    ] as const;
    assert.equal(maskContrast(maps, masks), (0.75 - 0.5 + 0.25 - 0) / 2);
  });

  it('is not defined where a map has no positive relevance', () => {
    assert.equal(
      maskContrast(
        [
          [-1, 0, 0, 0],
          [1, 1, 1, 1],
        ],
        masks,
      ),
      undefined,
    );
  });
});
