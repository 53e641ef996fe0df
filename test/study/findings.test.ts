/** The paper's claims, by its own tables and by records whose margins are worked out by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assessClaims } from '../../lib/src/study/findings.js';
import { type MethodScores, paperClaims } from '../../lib/src/study/paper/paperClaims.js';
import { paperTable3, paperTableS3 } from '../../lib/src/study/paper/paperTables.js';

/** What the claims' margins are by a column of the paper, whose tables have no random baseline. */
function marginsOf(scores: MethodScores): Readonly<Record<string, number | undefined>> {
  return Object.fromEntries(paperClaims.map((claim) => [claim.id, claim.marginOf(scores)]));
}

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-9, `${actual} is not ${expected}`);

describe('paperClaims', () => {
  const column = (dataset: 'bigEarthNet' | 'sen12ms') =>
    Object.fromEntries(Object.entries(paperTable3).map(([id, columns]) => [id, columns[dataset]]));

  it('hold in the table that they are about, but for one', () => {
    const margins = marginsOf(column('bigEarthNet'));
    // Integrated Gradients + SmoothGrad has 0.19, LIME 0.20.
    near(margins.steadiest, 0.19 - 0.2);
    near(margins['least-steady'], 0.59 - 0.55);
    near(margins['smoothgrad-steadies'], 0.38 - 0.19);
    near(margins['most-faithful'], 19.57 - 16.38);
    near(margins['least-faithful'], 26.15 - 25.9);
    // 1.90, 0.25 and 0.14.
    near(margins['smoothgrad-helps'], 26.15 - 25.9);
    near(margins.smallest, 4.57 - 3.24);
    near(margins.fastest, 0.05 - 0.03);
    assert.equal(margins['simpler-is-steadier']?.toFixed(2), '0.69');
    assert.equal(margins['nearest-to-random'], undefined, 'no random baseline in the table');
    for (const [id, margin] of Object.entries(marginsOf(column('sen12ms')))) {
      if (margin !== undefined) assert.ok(margin > 0, id);
    }
  });

  it('leave out what was not measured', () => {
    const margins = marginsOf(paperTableS3);
    assert.equal(margins.fastest, undefined, 'no seconds');
    near(margins.steadiest, 0.16 - 0.18);
    assert.equal(marginsOf({ occlusion: paperTableS3.occlusion }).smallest, undefined);
    assert.deepEqual(
      Object.values(marginsOf({})),
      paperClaims.map(() => undefined),
    );
  });

  it('measure how near to random order a curve lies', () => {
    const { marginOf } = paperClaims.find(({ id }) => id === 'nearest-to-random') ?? assert.fail();
    const of = (own: number) =>
      marginOf({ random: { aucMorf: 30 }, 'input-x-gradient': { aucMorf: own }, saliency: { aucMorf: 33 } });
    near(of(28), 1);
    near(of(35), -2);
  });
});

describe('assessClaims', () => {
  /** Grad-CAM is faster than Saliency by so many seconds, image by image. */
  const study = (gains: readonly number[]) =>
    gains.flatMap((gain, imageIndex) => [
      { imageIndex, method: 'grad-cam', metrics: { morf: [], seconds: 1 } },
      { imageIndex, method: 'saliency', metrics: { morf: [], seconds: 1 + gain } },
    ]);

  it('confirms what holds in every draw, refutes what holds in none, and leaves the rest open', () => {
    const of = (gains: readonly number[]) => {
      const [finding, ...others] = assessClaims(study(gains));
      assert.deepEqual([finding.claim.id, others], ['fastest', []]);
      return finding;
    };
    const confirmed = of([1, 2, 3]);
    near(confirmed.margin, 2);
    assert.equal(confirmed.verdict, 'confirmed');
    // All three of one image are drawn once in 27, more often than one end of the interval leaves out.
    near(confirmed.low, 1);
    near(confirmed.high, 3);
    assert.equal(of([-1, -2, -3]).verdict, 'refuted');
    assert.equal(of([-3, 1, 3]).verdict, 'open');
  });

  it('gives the same interval for the same seed', () => {
    const records = study([0.5, 2, 1, 4, -1]);
    assert.deepEqual(assessClaims(records), assessClaims(records));
  });

  it('needs two images', () => {
    assert.throws(() => assessClaims(study([1])), /too few images.*at least 2.*got 1/);
  });
});
