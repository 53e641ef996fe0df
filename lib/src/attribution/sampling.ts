/** Sampling to a number of copies, or until the error is small enough. */
import { requireCount } from '../check.js';
import { pieceSize } from '../engine/runBatched.js';
import { failAt } from '../error.js';
import { piecesOf, withProgress } from '../progress.js';
import { stack, type Tensor } from '../tensor.js';
import type { ParameterValue } from './attribution.js';
import { createAccumulator, type Design, type Moments } from './moments.js';
import { stackUncertainties, type Uncertainty } from './uncertainty.js';

/**
 * How the noise of copies is drawn: each its own, or in pairs x + e and x - e, of which one's error undoes what is odd
 * in the other's. Both are unbiased.
 */
export type NoiseDesign = 'independent' | 'antithetic';

export const copiesPerUnit: Readonly<Record<NoiseDesign, number>> = { independent: 1, antithetic: 2 };

/** How much is sampled. */
export interface SamplingOptions {
  /** Copies per image, each an evaluation. */
  readonly samples?: number;
  /**
   * In place of `samples`: sampling goes on, 16 copies at a time, until `uncertainty.relativeError` is no larger. 0.1
   * stands for 10 %.
   */
  readonly tolerance?: number;
  /** With a tolerance, the most copies per image. Default: 1024. `uncertainty.reached` says whether they were enough. */
  readonly limit?: number;
}

export interface SamplingPlan extends Design {
  /** The most copies. */
  readonly most: number;
  readonly tolerance?: number;
}

/** Copies between two looks at the error: the same on every machine, whatever fits into one run. */
const roundSize = 16;

/**
 * The plan, and how records name it.
 * @param word what the method calls its samples
 * @throws InputError where samples are not whole groups, tolerance or limit no numbers to use, or both ways are given
 */
export function planSampling(
  { samples, tolerance, limit }: SamplingOptions,
  {
    design,
    where,
    usual,
    usualLimit = 1024,
    word = 'samples',
  }: {
    readonly design: Design;
    readonly where: string;
    readonly usual: number;
    readonly usualLimit?: number;
    readonly word?: string;
  },
): { readonly plan: SamplingPlan; readonly parameters: Readonly<Record<string, ParameterValue>> } {
  const group = groupSize(design);
  const whole = (value: number, name: string): number => {
    requireCount(value, `${where}, ${name}`);
    if (value % group === 0) return value;
    throw failAt(`${where}, ${name}`)('these copies cannot be grouped', `a multiple of ${group}`, `${value}`);
  };
  if (tolerance === undefined) {
    if (limit !== undefined) {
      throw failAt(where)('a limit of nothing', 'a limit beside a tolerance only', `limit ${limit}`);
    }
    const most = whole(samples ?? usual, word);
    return { plan: { ...design, most }, parameters: { [word]: most } };
  }
  if (samples !== undefined || !(tolerance > 0 && Number.isFinite(tolerance))) {
    throw failAt(`${where}, tolerance`)(
      `not a tolerance, or ${word} beside it`,
      `a number above 0, in place of ${word}`,
      `tolerance ${tolerance}, ${word} ${samples ?? 'not given'}`,
    );
  }
  const most = whole(limit ?? usualLimit, 'limit');
  return { plan: { ...design, most, tolerance }, parameters: { tolerance, limit: most } };
}

const groupSize = ({ perUnit, perStratum = 1 }: Design): number => perUnit * perStratum;

/** Copies that are evaluated in one run: the `first` of all, of the round that begins and ends there. */
export interface Piece {
  readonly first: number;
  readonly copies: number;
  readonly round: { readonly first: number; readonly copies: number };
}

/** What sampling gives; without uncertainty where a single unit tells nothing of it. */
export interface Sampled {
  readonly values: Tensor;
  readonly uncertainty?: Uncertainty;
}

/**
 * The mean of one image's copies.
 * @param batchSize copies that fit into one run; a group of up to four stays together all the same
 * @param evaluate the moments of some copies
 */
export async function sampleMean(
  { most, tolerance, ...design }: SamplingPlan,
  batchSize: number,
  evaluate: (piece: Piece) => Promise<Moments>,
): Promise<Sampled> {
  const accumulator = createAccumulator(design);
  const group = groupSize(design);
  const length = tolerance === undefined ? most : roundSize;
  let sampled: Sampled | undefined;
  for (const first of piecesOf(most, length)) {
    const round = { first, copies: Math.min(length, most - first) };
    const size = group * pieceSize(round.copies / group, Math.max(1, Math.floor(batchSize / group)));
    for (const at of withProgress('batches', piecesOf(round.copies, size))) {
      const copies = Math.min(size, round.copies - at);
      accumulator.add(await evaluate({ first: first + at, copies, round }));
    }
    const uncertainty = accumulator.uncertainty();
    const reached =
      tolerance !== undefined && uncertainty !== undefined && uncertainty.relativeError[0] <= tolerance;
    if (!reached && first + length < most) continue;
    const stated = uncertainty && { ...uncertainty, ...(tolerance !== undefined && { reached: [reached] }) };
    sampled = { values: accumulator.mean(), ...(stated && { uncertainty: stated }) };
    break;
  }
  if (sampled === undefined) throw new Error('nothing was sampled');
  return sampled;
}

/**
 * Several images, one after the other.
 * @throws InputError for none
 */
export async function sampleEach(
  images: number,
  where: string,
  sample: (image: number) => Promise<Sampled>,
): Promise<Sampled> {
  if (images === 0) {
    throw failAt(where)('nothing to explain', 'at least one image', 'none');
  }
  const parts: Sampled[] = [];
  for (const image of withProgress(
    'images',
    Array.from({ length: images }, (_, i) => i),
  )) {
    parts.push(await sample(image));
  }
  const uncertainties = parts.flatMap(({ uncertainty }) => uncertainty ?? []);
  return {
    values: stack(parts.map(({ values }) => values)),
    ...(uncertainties.length > 0 && { uncertainty: stackUncertainties(uncertainties) }),
  };
}
