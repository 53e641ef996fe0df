/**
 * How exact the paper's counts are, and what it takes to be as exact: the relative L2 error of a map against what ever
 * more samples would give, for landlens and Captum by the same yardstick.
 */
import { join } from 'node:path';
import { sumOfSquares } from 'landlens/attribution/uncertainty';
import { type Column, type Family, methodWork, paper, paperCount, parametersOf } from '../amounts.js';
import type { Pair } from '../pair.js';
import type { Parameters, Task } from '../task.js';
import { readTensors, tensorNamed } from '../tensorFile.js';

export interface Precision {
  readonly method: string;
  /** Error of plain sampling with the paper's counts: what landlens is asked for as its tolerance. */
  readonly asked: number;
  /** Error of the map that landlens then returns. */
  readonly reached: number;
  /** Gradients, or forward passes, that it took. */
  readonly evaluations: number;
  /** Copies of noise, steps or perturbed images with which Captum's map has the error asked for. */
  readonly count: number;
}

/**
 * Whether the error asked for was reached, but for chance: the tolerance rests on an estimated error, which for LIME's
 * 60 weights is known to a fifth.
 */
export const isReached = ({ asked, reached }: Precision): boolean => reached <= 1.5 * asked;

/** So many independent maps of so few copies or samples tell the error of any number of them. */
const repeated: Readonly<Partial<Record<Family, { readonly maps: number; readonly count: number }>>> = {
  smooth: { maps: 8, count: 8 },
  'smooth-path': { maps: 8, count: 1 },
  // Far more than there are superpixels: a regression's error falls with the samples beyond its coefficients.
  lime: { maps: 5, count: 1024 },
};

/** Steps of the reference of Integrated Gradients. */
const longPath = 8 * paper.steps;

export interface MapSpread {
  readonly mean: Float64Array;
  /** Expected squared L2 error of one map. */
  readonly variance: number;
  /** Squared L2 norm of what ever more maps would give. */
  readonly power: number;
}

/** What independent maps tell of their limit: unbiased variance and squared norm, summed over all values. */
export function spreadOfMaps(maps: readonly ArrayLike<number>[]): MapSpread {
  const mean = new Float64Array(maps[0].length);
  for (const map of maps) for (let i = 0; i < mean.length; i++) mean[i] += map[i] / maps.length;
  let [squares, norm] = [0, 0];
  for (let i = 0; i < mean.length; i++) {
    for (const map of maps) squares += (map[i] - mean[i]) ** 2;
    norm += mean[i] ** 2;
  }
  const variance = squares / (maps.length - 1);
  return { mean, variance, power: norm - variance / maps.length };
}

/** Relative L2 error of one of the maps. */
export const errorOfOne = ({ variance, power }: MapSpread): number => Math.sqrt(variance / power);

/** Relative L2 error of another map, less what the mean itself is off by, on average. */
export function errorAgainst(
  { mean, variance, power }: MapSpread,
  maps: number,
  map: ArrayLike<number>,
): number {
  let squares = 0;
  for (let i = 0; i < mean.length; i++) squares += (map[i] - mean[i]) ** 2;
  return Math.sqrt(Math.max(0, squares - variance / maps) / power);
}

/** Error of `count` independent samples, by that of `known.count`: it falls with their root. */
export const errorAt = (count: number, known: { readonly count: number; readonly error: number }): number =>
  known.error * Math.sqrt(known.count / count);

/** Independent samples that have the error, by the error of `known.count`. */
export const countFor = (error: number, known: { readonly count: number; readonly error: number }): number =>
  Math.ceil((known.error / error) ** 2 * known.count);

/**
 * Measures a method that samples, on both sides.
 * @param batches the peer's best
 */
export async function measurePrecision(
  pair: Pair,
  method: string,
  { size, batches, folder }: { readonly size: number; readonly batches: Parameters; readonly folder: string },
): Promise<Precision> {
  await pair.forget();
  const { family } = methodWork(method, size);
  const explain = async (column: Column, parameters: Parameters) => {
    const task: Task = { kind: 'explain', method, feed: false, parameters };
    const path = join(folder, 'precision.result');
    const { result, evaluations = 0 } = await pair.run(column, task, { keep: path });
    if (result === undefined) throw new Error(`${column} returned no map of ${method}`);
    const { data } = tensorNamed(await readTensors({ path, entries: [result] }), 'result');
    return { data, evaluations };
  };
  const whole = paperCount(family);
  if (whole === undefined) throw new Error(`${method} samples nothing`);
  if (family === 'path') {
    // Both sides take the same quadrature, so Captum has the error of the paper's steps with these.
    const reference = await explain('ours', { steps: longPath });
    const known = {
      mean: Float64Array.from(reference.data),
      variance: 0,
      power: sumOfSquares(reference.data),
    };
    const asked = errorAgainst(known, 1, (await explain('ours', { steps: whole })).data);
    const { data, evaluations } = await explain('ours', { tolerance: asked });
    return { method, asked, reached: errorAgainst(known, 1, data), evaluations, count: whole };
  }
  const plan = repeated[family];
  if (plan === undefined) throw new Error(`${method} cannot be repeated`);
  const spread = async (column: Column): Promise<MapSpread> => {
    const maps: Float32Array[] = [];
    for (let i = 0; i < plan.maps; i++) {
      // The first seed is that of the map that is compared.
      const parameters = { ...parametersOf(family, plan.count), repetition: i + 1 };
      maps.push((await explain(column, { ...parameters, ...(column === 'best' && batches) })).data);
    }
    const found = spreadOfMaps(maps);
    if (found.power > 0) return found;
    throw new Error(`${column}: ${plan.maps} maps of ${method} have nothing in common`);
  };
  const ours = await spread('ours');
  const asked = errorAt(whole, { count: plan.count, error: errorOfOne(ours) });
  const peer = { count: plan.count, error: errorOfOne(await spread('best')) };
  const { data, evaluations } = await explain('ours', { tolerance: asked });
  return {
    ...{ method, asked, reached: errorAgainst(ours, plan.maps, data), evaluations },
    count: countFor(asked, peer),
  };
}
