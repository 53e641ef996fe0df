/** How much of each row is measured: the whole, or a part that is scaled up where the whole takes too long. */
import { perturbationSteps } from 'landlens/metric/faithfulness/morf';
import { paperParameters } from './subject.js';
import type { Parameters } from './task.js';

/** One amount of work. */
export interface Amount {
  /** What grows: gradients or forward passes of an explanation, images of a curve. */
  readonly units: number;
  /** Seconds measured count so many times: 11/2 where two of eleven explanations are measured. */
  readonly times: number;
  readonly parameters: Parameters;
  /** Of Max-Sensitivity. */
  readonly draws?: number;
  /** Of MoRF. */
  readonly fraction?: number;
}

/** Which of the two sides, and how it is asked: landlens, Captum's defaults, Captum with the best batch sizes. */
export const columns = ['ours', 'default', 'best'] as const;
export type Column = (typeof columns)[number];

/** What limits an explanation: gradients in one pass or in many, or forward passes. */
export type Family = 'single' | 'smooth' | 'path' | 'smooth-path' | 'occlusion' | 'lime';

export interface MethodWork {
  readonly id: string;
  readonly family: Family;
  /** Forward and backward passes of one whole explanation. */
  readonly forwards: number;
  readonly backwards: number;
}

export const paper = { samples: 30, steps: 50, limeSamples: 6000, draws: 10, fraction: 0.2 } as const;

/** (n positions along an axis)², with windows at every stride. */
function windows(size: number, window: number, stride: number): number {
  return (Math.ceil((size - window) / stride) + 1) ** 2;
}

export function methodWork(id: string, size: number): MethodWork {
  const { window, stride } = paperParameters(size);
  const { samples, steps, limeSamples } = paper;
  const of = (family: Family, forwards: number, backwards: number) => ({ id, family, forwards, backwards });
  switch (id) {
    case 'saliency-sg':
    case 'input-x-gradient-sg':
      return of('smooth', samples, samples);
    case 'integrated-gradients':
      return of('path', steps, steps);
    case 'integrated-gradients-sg':
      return of('smooth-path', samples * steps, samples * steps);
    case 'grad-cam':
      // The gradient ends at the last feature maps, right before the linear layer.
      return of('single', 1, 0);
    case 'deeplift':
      return of('single', 2, 1);
    case 'occlusion':
      return of('occlusion', windows(size, window, stride) + 1, 0);
    case 'lime':
      return of('lime', limeSamples, 0);
    default:
      return of('single', 1, 1);
  }
}

/** From the least to the whole explanation. */
export function explanationAmounts({ family }: MethodWork, size: number): Amount[] {
  const { window, stride } = paperParameters(size);
  const of = (units: number, parameters: Parameters): Amount => ({ units, times: 1, parameters });
  switch (family) {
    case 'single':
      return [of(1, {})];
    case 'smooth':
      // Few passes of the best batch, which a part of them would not fill: the whole is measured.
      return [of(paper.samples, { samples: paper.samples })];
    case 'path':
      return [of(paper.steps, { steps: paper.steps })];
    case 'smooth-path':
      // Whole paths, so that every pass is as full as in the whole.
      return [1, 2, 4, 8, paper.samples].map((samples) =>
        of(samples * paper.steps, { samples, steps: paper.steps }),
      );
    case 'occlusion':
      // A pass takes as long whatever the window; fewer windows cover the image where they are wider.
      return [2, 1, 2 / 3, 1 / 2]
        .map((share) => Math.round(window * share))
        .filter((longer) => longer > stride)
        .concat(stride)
        .map((chosen) => ({ window: Math.max(window, chosen), stride: chosen }))
        .map((parameters) => of(windows(size, parameters.window, parameters.stride) + 1, parameters));
    case 'lime':
      // landlens refuses fewer samples than superpixels.
      return [128, 256, 512, 1024, 2048, paper.limeSamples].map((samples) => of(samples, { samples }));
  }
}

/** Methods that sample or approximate, and the paper's count of what they do; the others have none. */
export function paperCount(family: Family): number | undefined {
  const { samples, steps, limeSamples } = paper;
  if (family === 'smooth' || family === 'smooth-path') return samples;
  if (family === 'path') return steps;
  return family === 'lime' ? limeSamples : undefined;
}

/** What a method takes with `count` noisy copies, steps or perturbed images. */
export function parametersOf(family: Family, count: number): Parameters {
  if (family === 'path') return { steps: count };
  return family === 'smooth-path' ? { samples: count, steps: paper.steps } : { samples: count };
}

/** From the least to another count than the paper's. */
export function countedAmounts(work: MethodWork, size: number, count: number): Amount[] {
  const units = work.family === 'smooth-path' ? count * paper.steps : count;
  const parts = explanationAmounts(work, size).slice(0, -1);
  const whole = { units, times: 1, parameters: parametersOf(work.family, count) };
  return [...parts.filter((part) => part.units < units), whole];
}

/** What landlens does with a tolerance is known only when it is done: it is the whole, or one of ten draws of it. */
export const tolerantAmounts = (tolerance: number): Amount[] => [
  { units: 1, times: 1, parameters: { tolerance } },
];

/**
 * From the least to the whole: the original and one of ten noisy images explained in part, then in full, then all.
 * Captum's defaults explain all noisy images at once, and so many are in one pass of its Occlusion: none is left out.
 */
export function sensitivityAmounts(work: MethodWork, size: number, column: Column): Amount[] {
  const parts = explanationAmounts(work, size);
  if (work.family === 'single') return parts.map((part) => withDraws(part, paper.draws));
  return drawnAmounts(parts, column === 'default' && work.family === 'occlusion' ? paper.draws : 1);
}

const withDraws = (part: Amount, draws: number): Amount => ({
  ...part,
  draws,
  times: (paper.draws + 1) / (draws + 1),
});

/** Max-Sensitivity by parts of an explanation with the fewest draws, then the whole with all. */
export const drawnAmounts = (parts: readonly Amount[], fewest: number): Amount[] => [
  ...parts.map((part) => withDraws(part, fewest)),
  withDraws(parts[parts.length - 1], paper.draws),
];

/** Images that Captum's defaults put into one pass. */
export function imagesAtOnce(family: Family, { units, draws = 1 }: Amount): number {
  if (family === 'lime') return 1;
  return family === 'occlusion' || family === 'single' ? draws : units * draws;
}

export function morfAmounts(size: number): Amount[] {
  return [0.5, paper.fraction].map((fraction) => ({
    units: perturbationSteps(size * size, fraction).length + 1,
    times: 1,
    parameters: {},
    fraction,
  }));
}

/** Seconds that an amount takes, by those of another one that was measured. */
export function secondsOf(amount: Amount, known: Amount, seconds: number): number {
  return (seconds * amount.units * known.times) / (known.units * amount.times);
}

/** Which amounts to measure, by their places in the list. */
export interface Choice {
  readonly high: number;
  /** The smaller amount of the line on which the whole is extrapolated; absent where `high` has the whole's units. */
  readonly low?: number;
}

/** How many times as much work the larger amount of a line has, at least: the more, the better its slope is known. */
const leastSpan = 4;

/**
 * The largest amount that every column measures within the budget, but at least `leastSpan` times the first where that has
 * not all units: no column is extrapolated from less than another, nor from two amounts that noise can exchange.
 * @param columns the same number of amounts each, and the seconds that the first took
 */
export function chooseAmount(
  columns: readonly { readonly amounts: readonly Amount[]; readonly seconds: number }[],
  budget: number,
): Choice {
  const last = Math.min(...columns.map(({ amounts }) => amounts.length)) - 1;
  const fits = (i: number): boolean =>
    columns.every(({ amounts, seconds }) => secondsOf(amounts[i], amounts[0], seconds) <= budget);
  const hasAllUnits = (i: number): boolean =>
    columns.every(({ amounts }) => amounts[i].units === amounts[last].units);
  const spans = (i: number): boolean =>
    columns.every(({ amounts }) => amounts[i].units >= leastSpan * amounts[0].units);
  let high = 0;
  while (!hasAllUnits(high) && !spans(high)) high++;
  while (high < last && fits(high + 1)) high++;
  return hasAllUnits(high) ? { high } : { high, low: 0 };
}

/** How the table says what a scaled figure was scaled from. */
export function amountText({ parameters, draws, fraction }: Amount): string {
  const { samples, steps, window, stride, tolerance } = parameters;
  return [
    ...(tolerance === undefined ? [] : [`error ${(100 * tolerance).toPrecision(2)} %`]),
    ...(samples === undefined ? [] : [`${samples} ${samples === 1 ? 'sample' : 'samples'}`]),
    ...(steps === undefined ? [] : [`${steps} steps`]),
    ...(stride === undefined ? [] : [`windows of ${window}, stride ${stride}`]),
    ...(draws === undefined ? [] : [`${draws} ${draws === 1 ? 'draw' : 'draws'}`]),
    ...(fraction === undefined ? [] : [`${fraction * 100} % an iteration`]),
  ].join(', ');
}
