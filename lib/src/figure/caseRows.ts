/** Explained cases as rows of `casePanels` and of tables: mistakes, and scenes with and without a planted thing. */

import { type ExplainedMistake, lookedAt } from '../analysis/failures.js';
import type { ExplainedPair } from '../analysis/shadows.js';
import type { MethodMap } from '../attribution/explainPatch.js';
import type { Dataset } from '../dataset/patch.js';
import type { CaseRow } from './casePanels.js';
import { paintMask } from './colour.js';
import { paintPatch, trueColourStretch } from './patchPicture.js';

/** With a space that does not break. */
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.095 ? 1 : 0)}\u00a0%`;

/** The method, and how much of its positive relevance lies inside the mask. */
export function mapTitle({ method, inside }: MethodMap): string {
  if (inside === undefined) return method;
  if (inside.share === undefined) return `${method}: nothing positive`;
  return `${method}: ${percent(inside.share)} inside`;
}

const mapsOf = (maps: readonly MethodMap[]): CaseRow['maps'] =>
  maps.map((entry) => ({ title: mapTitle(entry), values: entry.map }));

const shareOf = (mask: Uint8Array): number =>
  mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0) / mask.length;

/**
 * The patch, with the class outlined where that is known, and the maps.
 * @param outlined what the outline is
 */
export function mistakeRows(
  explained: readonly ExplainedMistake[],
  { outlined = 'outlined' }: { readonly outlined?: string } = {},
): CaseRow[] {
  return explained.map(({ mistake: { className, score, image }, patch, mask, maps }) => {
    const [, height, width] = patch.image.shape;
    const { pixels } = paintPatch(patch);
    const name = `Test image ${image.index}: ${className}, score ${score.toFixed(2)}`;
    return {
      ...{ width, height },
      pictures: [
        mask === undefined
          ? { title: name, pixels }
          : {
              title: `${name}; ${outlined} ${percent(shareOf(mask))}`,
              pixels: paintMask(pixels, mask, width, { outside: 1 }),
            },
      ],
      maps: mapsOf(maps),
    };
  });
}

/** The same scene without and with the planted thing, in the same stretch, and the maps of the latter. */
export function pairRows(pairs: readonly ExplainedPair[]): CaseRow[] {
  return pairs.map(({ index, without, with: planted, scores, mask, maps }) => {
    const [, height, width] = planted.image.shape;
    const stretch = trueColourStretch(without);
    const { pixels } = paintPatch(planted, stretch);
    return {
      ...{ width, height },
      pictures: [
        {
          title: `Test image ${index} without: score ${scores.without.toFixed(2)}`,
          pixels: paintPatch(without, stretch).pixels,
        },
        {
          title: `with it (${percent(shareOf(mask))} of the image): score ${scores.with.toFixed(2)}`,
          pixels: paintMask(pixels, mask, width, { outside: 1 }),
        },
      ],
      maps: mapsOf(maps),
    };
  });
}

/** What `mistakeTable` tells of one mistake. */
export interface MistakeRow {
  readonly image: number;
  readonly explained: string;
  readonly score: number;
  readonly labels: string;
  readonly truth: string;
  /** By method: the class that its relevance is drawn to. */
  readonly [lookedAt: string]: string | number;
}

/** One row per mistake; where masks are known, with the class that each method's relevance is drawn to. */
export function mistakeTable(
  explained: readonly ExplainedMistake[],
  data: Pick<Dataset, 'classes'>,
): MistakeRow[] {
  return explained.map(({ mistake: { image, className, score, target, verdict }, patch, maps }) => ({
    image: image.index,
    explained: className,
    score,
    labels: patch.labels.map((label) => data.classes[label]).join('; ') || 'none',
    truth: truthText(verdict, image.cover?.[target]),
    ...Object.fromEntries(
      maps.map(({ method, map }) => {
        const seen = lookedAt(map, patch, data.classes);
        const text = seen
          ? `${seen.className}: ${percent(seen.share)} of the relevance, ${percent(seen.area)} of the image`
          : 'not known';
        return [`${method} is drawn to`, text];
      }),
    ),
  }));
}

function truthText(verdict: string | undefined, cover: number | undefined): string {
  if (cover === undefined) return 'not known';
  const covers = `covers ${percent(cover)}`;
  if (verdict === undefined) return covers;
  return cover === 0 ? verdict : `${verdict}: ${covers}`;
}

/** Means of one method over cases whose relevance was held against a mask. */
export interface InsideRow {
  readonly method: string;
  readonly images: number;
  /** Mean share of the positive relevance inside, in percent; 0 counts where none is positive. */
  readonly share: number;
  /** Mean share of the image inside, in percent. */
  readonly area: number;
  /** share / area: 1 is an even spread. */
  readonly ratio: number;
  /** Images whose relevance inside sums up to less than 0: evidence against the class. */
  readonly against: number;
}

/** One row per method, in the order of the first case. */
export function insideTable(
  cases: readonly { readonly mask?: Uint8Array; readonly maps: readonly MethodMap[] }[],
): InsideRow[] {
  const names = cases[0]?.maps.map(({ method }) => method) ?? [];
  return names.map((method) => {
    const held = cases.flatMap(({ mask, maps }) => {
      const own = maps.find((entry) => entry.method === method);
      return mask && own?.inside ? [{ ...own.inside, sum: sumInside(own.map, mask) }] : [];
    });
    const mean = (value: (entry: (typeof held)[number]) => number): number =>
      (100 * held.reduce((sum, entry) => sum + value(entry), 0)) / Math.max(1, held.length);
    const [share, area] = [mean((entry) => entry.share ?? 0), mean((entry) => entry.area)];
    const against = held.filter(({ sum }) => sum < 0).length;
    return { method, images: held.length, share, area, ratio: share / area, against };
  });
}

const sumInside = (map: Float32Array, mask: Uint8Array): number =>
  map.reduce((sum, value, i) => (mask[i] === 0 ? sum : sum + value), 0);
