/** Rows of `casePanels`: explained mistakes, and scenes with and without a planted thing. */
import type { Patch } from '../dataset/patch.js';
import type { CaseRow } from '../figure/casePanels.js';
import { paintMask } from '../figure/colour.js';
import { paintPatch, trueColourStretch } from '../figure/patchPicture.js';
import type { MethodMap } from './explainPatch.js';
import type { ExplainedMistake } from './failures.js';

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.095 ? 1 : 0)} %`;

function mapTitle({ method, inside }: MethodMap): string {
  if (inside === undefined) return method;
  if (inside.share === undefined) return `${method}: nothing positive`;
  return `${method}: ${percent(inside.share)} inside`;
}

const mapsOf = (maps: readonly MethodMap[]): CaseRow['maps'] =>
  maps.map((entry) => ({ title: mapTitle(entry), values: entry.map }));

const shareOf = (mask: Uint8Array): number =>
  mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0) / mask.length;

/**
 * The patch, the patch with the class outlined where that is known for all of them, and the maps.
 * @param outlined what the outline is, "the hamlet" for example
 */
export function mistakeRows(
  explained: readonly ExplainedMistake[],
  { outlined = 'outlined' }: { readonly outlined?: string } = {},
): CaseRow[] {
  const hasMasks = explained.every(({ mask }) => mask !== undefined);
  return explained.map(({ mistake: { className, score, image }, patch, mask, maps }) => {
    const [, height, width] = patch.image.shape;
    const { pixels } = paintPatch(patch);
    return {
      ...{ width, height },
      pictures: [
        { title: `Test image ${image.index}: ${className}, score ${score.toFixed(2)}`, pixels },
        ...(hasMasks && mask !== undefined
          ? [
              {
                title: `${outlined}: ${percent(shareOf(mask))} of the image`,
                pixels: paintMask(pixels, mask, width, { outside: 1 }),
              },
            ]
          : []),
      ],
      maps: mapsOf(maps),
    };
  });
}

export interface ExplainedPair {
  /** Position in the test split. */
  readonly index: number;
  readonly without: Patch;
  readonly with: Patch;
  /** Scores of the explained class. */
  readonly scores: { readonly without: number; readonly with: number };
  /** Where the planted thing is [height x width]. */
  readonly mask: Uint8Array;
  /** Of the patch with the planted thing. */
  readonly maps: readonly MethodMap[];
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
          title: `with, ${percent(shareOf(mask))} of the image: score ${scores.with.toFixed(2)}`,
          pixels: paintMask(pixels, mask, width, { outside: 1 }),
        },
      ],
      maps: mapsOf(maps),
    };
  });
}
