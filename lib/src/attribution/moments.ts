/** Means and standard errors of attributions that are sampled, from sums alone: no sample is kept. */
import { shapeOf } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { flatten, reshape } from '../graph/operators/arrangement.js';
import { multiply } from '../graph/operators/elementwise.js';
import { matMul } from '../graph/operators/matMul.js';
import { reduceSum } from '../graph/operators/reduction.js';
import { type Tensor, zeros } from '../tensor.js';
import { effectiveCount } from './effectiveCount.js';
import { relativeErrorOf, type Uncertainty } from './uncertainty.js';

/** How the copies of a sampled attribution hang together. */
export interface Design {
  /** Copies that make one independent unit: 1, or 2 where they come in pairs x + e and x - e. */
  readonly perUnit: number;
  /** Units that are drawn in each stratum of the path; where there are no strata, all units are alike. */
  readonly perStratum?: number;
}

/** Sums over some copies. A unit's value is the mean of its copies. */
export interface Moments {
  readonly copies: number;
  /** What they cost, as `Uncertainty` counts it. */
  readonly evaluations: number;
  /** Σ of the copies' values [1, bands, height, width]. */
  readonly sum: Tensor;
  /** Σ (unit - mean of its stratum, or of all these units)², of the same shape. */
  readonly squares: Tensor;
  /** The same of the units' sums over the bands [1, 1, height, width]. */
  readonly pixelSquares: Tensor;
  /** ‖unit - mean of its stratum‖², unit by unit, of copies that are drawn in strata. */
  readonly lengths?: readonly number[];
  /** Σ of the copies' squared errors of their own, where those are alike, of values and of sums over the bands. */
  readonly systematic?: { readonly squares: Tensor; readonly pixelSquares: Tensor };
}

/** Σ a² over the rows a of [n, ...], as [1, ...]. */
export function squaresOfRows({ data, shape: [rows, ...rest] }: Tensor): Tensor {
  const sums = zeros([1, ...rest]);
  const size = data.length / rows;
  for (let i = 0; i < data.length; i++) sums.data[i % size] += data[i] ** 2;
  return sums;
}

/**
 * The matrix [copies, copies] that takes values to the deviations of their units from the mean of their stratum, one a
 * row; the rows beyond the units are 0. Deviations are taken before they are squared, so that nothing cancels.
 */
export function deviationMatrix(copies: number, { perUnit, perStratum }: Design): Tensor {
  const units = copies / perUnit;
  const size = perStratum ?? units;
  const matrix = zeros([copies, copies]);
  for (let unit = 0; unit < units; unit++) {
    const first = Math.floor(unit / size) * size;
    for (let other = first; other < first + size; other++) {
      const share = ((other === unit ? 1 : 0) - 1 / size) / perUnit;
      for (let copy = 0; copy < perUnit; copy++) {
        matrix.data[unit * copies + other * perUnit + copy] = share;
      }
    }
  }
  return matrix;
}

/** Input of the graph below: what `deviationMatrix` gives, or any other linear combinations, one a row. */
export const combinations = 'combinations';

/** Σ r² over the rows r of values ['N', bands, height, width], and that of their sums over the bands. */
export function sumsOfSquares(values: Value): { readonly squares: Value; readonly pixelSquares: Value } {
  const square = (x: Value): Value => reduceSum(multiply(x, x), [0], true);
  return { squares: square(values), pixelSquares: square(reduceSum(values, [1], true)) };
}

/** The units' deviations, of copies' values ['N', bands, height, width] inside the engine. */
export const deviationsOf = (values: Value): Value =>
  reshape(matMul(input(combinations, ['N', 'N']), flatten(values)), shapeOf(values));

/** `Moments` of copies' values ['N', bands, height, width] inside the engine. */
export function momentsGraph(
  values: Value,
  deviations = deviationsOf(values),
): Readonly<Record<'sum' | 'squares' | 'pixelSquares', Value>> {
  return { sum: reduceSum(values, [0], true), ...sumsOfSquares(deviations) };
}

/** `Moments` of copies' values [copies, bands, height, width]. */
export function momentsOf(values: Tensor, { perUnit, perStratum }: Design): Omit<Moments, 'evaluations'> {
  const [copies, bands, height, width] = values.shape;
  const area = height * width;
  const units = copies / perUnit;
  const size = perStratum ?? units;
  const sum = zeros([1, bands, height, width]);
  const squares = zeros([1, bands, height, width]);
  const pixelSquares = zeros([1, 1, height, width]);
  const unitAt = (unit: number, at: number): number => {
    let total = 0;
    for (let copy = unit * perUnit; copy < (unit + 1) * perUnit; copy++) {
      total += values.data[copy * bands * area + at];
    }
    return total / perUnit;
  };
  const deviations = new Float64Array(units);
  for (let pixel = 0; pixel < area; pixel++) {
    const ofBands = new Float64Array(units);
    for (let at = pixel; at < bands * area; at += area) {
      let total = 0;
      for (let first = 0; first < units; first += size) {
        let mean = 0;
        for (let unit = first; unit < first + size; unit++) {
          deviations[unit] = unitAt(unit, at);
          mean += deviations[unit] / size;
        }
        total += mean * size * perUnit;
        for (let unit = first; unit < first + size; unit++) deviations[unit] -= mean;
      }
      sum.data[at] = total;
      squares.data[at] = deviations.reduce((squared, deviation) => squared + deviation ** 2, 0);
      for (let unit = 0; unit < units; unit++) ofBands[unit] += deviations[unit];
    }
    pixelSquares.data[pixel] = ofBands.reduce((squared, deviation) => squared + deviation ** 2, 0);
  }
  return { copies, sum, squares, pixelSquares };
}

/**
 * Adds up moments in double precision. With n units in g strata, the mean's variance is Σ (unit - its stratum's mean)² /
 * (n (n - g)), without bias. Its degrees of freedom are n - 1 where all units are alike; strata differ in what they are off
 * by, most near the baseline, and so n / 2 with two units a stratum is too many: (Σ l)² / Σ l² strata of squared lengths l
 * carry the sum (Satterthwaite, 1946). The mean square of errors that all copies have alike is added.
 */
export function createAccumulator({ perUnit, perStratum }: Design) {
  let [copies, evaluations] = [0, 0];
  let [sum, squares] = [new Float64Array(), new Float64Array()];
  let [pixelSum, pixelSquares] = [new Float64Array(), new Float64Array()];
  let [shared, pixelShared] = [new Float64Array(), new Float64Array()];
  let shape: readonly number[] = [];
  /** Squared lengths of the strata's deviations. */
  const lengths: number[] = [];

  /** Chan, Golub and LeVeque (1983): units alike in all parts also differ by the parts' means. */
  function addPart(
    total: Float64Array,
    within: Float64Array,
    part: Float64Array,
    partWithin: Float32Array,
    added: number,
  ) {
    const [before, now] = [copies / perUnit, added / perUnit];
    const between = perStratum === undefined && before > 0 ? (before * now) / (before + now) : 0;
    for (let i = 0; i < total.length; i++) {
      const apart = between === 0 ? 0 : part[i] / added - total[i] / copies;
      within[i] += partWithin[i] + between * apart * apart;
      total[i] += part[i];
    }
  }

  const mean = (): Tensor => ({ data: Float32Array.from(sum, (total) => total / copies), shape });

  return {
    add(part: Moments): void {
      if (copies === 0) {
        ({ shape } = part.sum);
        [sum, squares] = [new Float64Array(part.sum.data.length), new Float64Array(part.sum.data.length)];
        const area = part.pixelSquares.data.length;
        [pixelSum, pixelSquares] = [new Float64Array(area), new Float64Array(area)];
        [shared, pixelShared] = [new Float64Array(sum.length), new Float64Array(area)];
      }
      const partSum = Float64Array.from(part.sum.data);
      const partPixels = new Float64Array(pixelSum.length);
      for (let i = 0; i < partSum.length; i++) partPixels[i % partPixels.length] += partSum[i];
      addPart(sum, squares, partSum, part.squares.data, part.copies);
      addPart(pixelSum, pixelSquares, partPixels, part.pixelSquares.data, part.copies);
      part.systematic?.squares.data.forEach((squared, i) => {
        shared[i] += squared;
      });
      part.systematic?.pixelSquares.data.forEach((squared, i) => {
        pixelShared[i] += squared;
      });
      for (let unit = 0; perStratum !== undefined && unit < part.copies / perUnit; unit += perStratum) {
        const ofStratum = part.lengths?.slice(unit, unit + perStratum) ?? [];
        lengths.push(ofStratum.reduce((total, one) => total + one, 0));
      }
      copies += part.copies;
      evaluations += part.evaluations;
    },
    mean,
    /** One image's; undefined where there is nothing to estimate it from. */
    uncertainty(): Uncertainty | undefined {
      const units = copies / perUnit;
      const freedom = units - (perStratum === undefined ? 1 : units / perStratum);
      if (freedom < 1) return undefined;
      const error = (within: Float64Array, alike: Float64Array) =>
        Float32Array.from(within, (squared, i) => Math.sqrt(squared / (units * freedom) + alike[i] / copies));
      const standardError = { data: error(squares, shared), shape };
      return {
        standardError,
        pixelStandardError: { data: error(pixelSquares, pixelShared), shape: [1, 1, ...shape.slice(2)] },
        degreesOfFreedom: [effectiveCount(lengths) || freedom],
        relativeError: [relativeErrorOf(standardError.data, mean().data)],
        evaluations: [evaluations],
      };
    },
  };
}
