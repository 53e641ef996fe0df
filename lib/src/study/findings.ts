/** What the records of a study say of the paper's claims, with how sure that is. */
import { quantile } from 'simple-statistics';
import { failAt } from '../error.js';
import { createRandom, requireSeed } from '../random.js';
import { type MethodScores, type PaperClaim, paperClaims } from './paper/paperClaims.js';
import type { StudyRecord } from './records.js';
import { meanScores } from './summary.js';

export type Verdict = 'confirmed' | 'refuted' | 'open';

export interface Finding {
  readonly claim: PaperClaim;
  /** The claim's margin: above 0 where it holds. */
  readonly margin: number;
  /** Its 95 % interval, by the bootstrap over images. */
  readonly low: number;
  readonly high: number;
  /** "confirmed" where all of the interval lies above 0, "refuted" where all of it lies below. */
  readonly verdict: Verdict;
}

type Studied = Pick<StudyRecord, 'imageIndex' | 'method' | 'metrics'>;

/** Items by key, in their order. */
function groupBy<Key, Item>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Means over some images, each as often as it stands there. */
const scoresOf = (images: readonly (readonly Studied[])[]): MethodScores =>
  Object.fromEntries(
    [...groupBy(images.flat(), ({ method }) => method)].map(([method, records]) => [
      method,
      meanScores(records),
    ]),
  );

/**
 * The paper's claims about Table 3, assessed by the records of a study: each margin from the means over the images, with
 * its percentile interval from images drawn anew with replacement; of fewer than some 20 images such an interval is too
 * narrow. A claim that needs a method or metric that was not measured is left out.
 * @throws InputError for fewer than two images
 * @example
 * const { records } = await openStudy(notebook, { images: 100 });
 * for (const { claim, verdict } of assessClaims(records)) console.log(verdict, claim.claim);
 */
export function assessClaims(
  records: readonly Studied[],
  { resamples = 2000, seed = 0 }: { readonly resamples?: number; readonly seed?: number } = {},
): readonly Finding[] {
  requireSeed(seed, 'assessClaims, seed');
  const images = [...groupBy(records, ({ imageIndex }) => imageIndex).values()];
  if (images.length < 2) {
    throw failAt('assessClaims')('too few images for an interval', 'at least 2', `${images.length}`);
  }
  const random = createRandom(seed, 'bootstrap');
  const drawn = Array.from({ length: resamples }, () => scoresOf(images.map(() => random.pick(images))));
  const whole = scoresOf(images);
  return paperClaims.flatMap((claim) => {
    const margin = claim.marginOf(whole);
    const margins = drawn.flatMap((scores) => claim.marginOf(scores) ?? []);
    if (margin === undefined || margins.length === 0) return [];
    const [low, high] = [0.025, 0.975].map((share) => quantile(margins, share));
    const verdict = low > 0 ? 'confirmed' : high < 0 ? 'refuted' : 'open';
    return [{ claim, margin, low, high, verdict }];
  });
}
