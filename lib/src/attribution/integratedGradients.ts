/** Integrated Gradients (Sundararajan et al., 2017): gradients averaged along the straight line from a baseline to the image. */
import { pieceSize } from '../engine/runBatched.js';
import { affinePrefix } from '../graph/affinePrefix.js';
import { differentiate } from '../graph/differentiate.js';
import { shapeOf, substitute } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { concat, flatten, reshape } from '../graph/operators/arrangement.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import { matMul } from '../graph/operators/matMul.js';
import { reduceSum } from '../graph/operators/reduction.js';
import { sizePerImage } from '../graph/type.js';
import type { Classifier } from '../model/classifier.js';
import { piecesOf, withProgress } from '../progress.js';
import { addTo, rows, type Tensor, zeros } from '../tensor.js';
import { createExplain, type Explain } from './attribution.js';
import { type Baseline, baselineImages, baselineText } from './baseline.js';
import { completenessGaps, endLogits } from './completeness.js';
import { checkedTargets, logitGradients, programKey } from './gradient.js';
import { sumsOfSquares } from './moments.js';
import {
  createDifferenceSums,
  differenceGroups,
  estimatePathError,
  groupCount,
  groupSigns,
  type PathSums,
} from './pathError.js';
import { planSampling, type Sampled, type SamplingPlan, sampleEach } from './sampling.js';

export interface IntegratedGradientsOptions {
  /** Quadrature points on that line. Default: 50. */
  readonly steps?: number;
  /**
   * In place of `steps`: begins with 16 points and takes as many more as the rate of the error asks for, until
   * `uncertainty.relativeError` is no larger. 0.1 stands for 10 %.
   */
  readonly tolerance?: number;
  /** With a tolerance, the most gradients per image, all attempts together. Default: 512. */
  readonly limit?: number;
  /** The image x' that the path starts from, in network input units. Default: 0, the mean of each band. */
  readonly baseline?: Baseline;
  /**
   * Where the points lie. "gauss-legendre", Captum's default, is exact for smooth functions; networks of ReLUs are none, and
   * the middles of equal steps, Captum's "riemann_middle", leave a third less of an error. Default: "gauss-legendre".
   */
  readonly quadrature?: Quadrature;
}

export type Quadrature = 'gauss-legendre' | 'midpoint';

/**
 * Nodes and weights of Gauss-Legendre quadrature on [0, 1]: exact for polynomials up to degree 2n - 1.
 * The nodes are the roots of the Legendre polynomial P_n, found by Newton's method.
 */
export function gaussLegendre(n: number): { readonly nodes: number[]; readonly weights: number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = n; i >= 1; i--) {
    let x = Math.cos((Math.PI * (i - 0.25)) / (n + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 100; iteration++) {
      // (k + 1) P_{k+1} = (2k + 1) x P_k - k P_{k-1}
      let [previous, value] = [0, 1];
      for (let k = 0; k < n; k++) {
        [previous, value] = [value, ((2 * k + 1) * x * value - k * previous) / (k + 1)];
      }
      slope = (n * (x * value - previous)) / (x * x - 1);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    nodes.push((x + 1) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

/** The middles of n equal steps. */
const midpoints = (n: number): ReturnType<typeof gaussLegendre> => ({
  nodes: Array.from({ length: n }, (_, i) => (i + 0.5) / n),
  weights: new Array<number>(n).fill(1 / n),
});

const rules = { 'gauss-legendre': gaussLegendre, midpoint: midpoints } as const;
const ruleNames = { 'gauss-legendre': 'Gauss-Legendre', midpoint: 'midpoint' } as const;

const table = (lines: readonly (readonly number[])[]): Tensor => ({
  data: Float32Array.from(lines.flat()),
  shape: [lines.length, lines[0].length],
});

/**
 * (x - x') times the integral over a in [0, 1] of df/dx at x' + a (x - x') (equation 3), by a quadrature rule.
 * The points of one image are the batch; line and weighted sum are inside the graph.
 *
 * The standard error is an estimate from how much gradients differ from point to point of the line, see
 * `estimatePathError`: the rule draws nothing, so it rests on a model. At one point there is none.
 * @returns attributions [n, bands, height, width] with the completeness gap; Captum's `IntegratedGradients` on the logits
 * @example const { values, completenessGap } = await integratedGradients(classifier, { steps: 50 })(image, 'Pastures');
 */
export function integratedGradients(
  classifier: Classifier,
  { steps, tolerance, limit, baseline = 0, quadrature = 'gauss-legendre' }: IntegratedGradientsOptions = {},
): Explain {
  const { plan, parameters: stated } = planSampling(
    { samples: steps, tolerance, limit },
    { design: { perUnit: 1 }, where: 'integratedGradients', usual: 50, usualLimit: 512, word: 'steps' },
  );
  const method = 'Integrated Gradients';
  const parameters = { ...stated, baseline: baselineText(baseline), quadrature: ruleNames[quadrature] };

  const build = () => {
    const { image, logits } = classifier;
    const shape = shapeOf(image).slice(1);
    const [end, start] = [input('end', [1, ...shape]), input('start', [1, ...shape])];
    // A straight way stays straight behind an affine map A, and A'(mean of gradients) = mean of A'(gradient).
    const entry = affinePrefix(image, logits);
    const [atStart, atEnd] = [start, end].map((at) => substitute([entry], new Map([[image, at]]))[0]);
    const position = input('position', ['N', 2]);
    // A(x') + a (A(x) - A(x')) for all points at once, as one product.
    const pathBetween = (from: Value, to: Value): Value => {
      const ends = flatten(concat([from, subtract(to, from)], 0));
      return reshape(matMul(position, ends), ['N', ...shapeOf(from).slice(1)]);
    };
    const path = pathBetween(atStart, atEnd);
    const [onPath] = substitute([logits], new Map([[entry, path]]));
    // The gradient is linear in the target, which so takes the weights of the sum.
    const weight = input('weight', ['N', 1]);
    const target = multiply(weight, input('one target', [1, ...shapeOf(logits).slice(1)]));
    const [gradient] = logitGradients({ logits: onPath }, [path], { target });
    const mean = reduceSum(gradient, [0], true);
    const [ofImage] = differentiate(atEnd, [end], mean);
    return { values: multiply(subtract(end, start), ofImage), ...differenceGroups(gradient) };
  };

  /** Differences of gradients, taken to the image as their mean is: A' is the same everywhere. */
  const buildErrors = () => {
    const { image, logits } = classifier;
    const [end, start] = ['end', 'start'].map((name) => input(name, [1, ...shapeOf(image).slice(1)]));
    const entry = affinePrefix(image, logits);
    const groups = reshape(input('groups', ['N', sizePerImage(shapeOf(entry))]), shapeOf(entry));
    const [ofImage] = differentiate(entry, [image], groups);
    return sumsOfSquares(multiply(subtract(end, start), ofImage));
  };

  const facts = { method, parameters, units: 'logit', reduction: 'absolute' } as const;
  return createExplain(facts, async (images, targets) => {
    const target = checkedTargets(classifier, images, targets);
    const starts = baselineImages(images, baseline);
    const program = await classifier.program(programKey(method, {}), build);
    const errors = await classifier.program(programKey(method, { of: 'error' }), buildErrors);

    /** One image by a rule of so many points. */
    async function integrate(i: number, points: number): Promise<PathSums> {
      const { nodes, weights } = rules[quadrature](points);
      const ends = { end: rows(images, i), start: rows(starts, i) };
      const values = zeros([1, ...images.shape.slice(1)]);
      const differences = createDifferenceSums();
      const size = pieceSize(points, program.batchSize);
      for (const first of withProgress('batches', piecesOf(points, size))) {
        const piece = weights.slice(first, first + size);
        const results = await program.run({
          ...{ ...ends, 'one target': rows(target, i) },
          position: table(nodes.slice(first, first + size).map((a) => [1, a])),
          weight: table(piece.map((w) => [w])),
          ...groupSigns(piece, first),
        });
        addTo(values, results.values);
        differences.add(results, piece.length);
      }
      const sums = differences.sums();
      const [squares, pixelSquares] = [zeros(values.shape), zeros([1, 1, ...values.shape.slice(2)])];
      const rowsAtOnce = Math.min(groupCount, errors.batchSize);
      for (const first of piecesOf(groupCount, rowsAtOnce)) {
        const piece = rows(sums.groups, first, Math.min(groupCount, first + rowsAtOnce));
        const results = await errors.run({ ...ends, groups: piece });
        addTo(squares, results.squares);
        addTo(pixelSquares, results.pixelSquares);
      }
      return { points, values, squares, pixelSquares, ...sums };
    }

    const sampled = await sampleEach(targets.length, 'integratedGradients', (i) =>
      attempt(plan, (points) => integrate(i, points)),
    );
    const ends = await endLogits(classifier, images, starts);
    return { ...sampled, completenessGap: completenessGaps(sampled.values, ends, target) };
  });
}

/** The first attempt of a tolerance, and what others are multiples of: the points of a run. */
const fewest = 16;

/** Integrates once, or until the error is small enough or the limit reached. */
async function attempt(
  { most, tolerance }: SamplingPlan,
  integrate: (points: number) => Promise<PathSums>,
): Promise<Sampled> {
  if (tolerance === undefined) return estimatePathError(await integrate(most));
  let [used, points] = [0, Math.min(fewest, most)];
  for (;;) {
    const { smoothness, values, uncertainty } = estimatePathError(await integrate(points));
    used += points;
    const error = uncertainty?.relativeError[0] ?? Number.POSITIVE_INFINITY;
    const reached = error <= tolerance;
    const left = most - used;
    if (reached || left <= points) {
      return {
        values,
        ...(uncertainty && { uncertainty: { ...uncertainty, evaluations: [used], reached: [reached] } }),
      };
    }
    // The error falls as points^-(H + 1/2); a tenth more, so that one attempt is enough.
    const growth = Number.isFinite(error) ? 1.1 * (error / tolerance) ** (1 / (smoothness + 0.5)) : 4;
    const needed = growth * points;
    points = Math.min(left, fewest * Math.ceil(Math.max(needed, points + 1) / fewest));
  }
}
