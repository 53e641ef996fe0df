/** Integrated Gradients (Sundararajan et al., 2017): gradients averaged along the straight line from a baseline to the image. */

import { runBatched } from '../engine/runBatched.js';
import { InputError } from '../error.js';
import { affinePrefix } from '../graph/affinePrefix.js';
import { differentiate } from '../graph/differentiate.js';
import { shapeOf, substitute } from '../graph/graph.js';
import { input } from '../graph/node.js';
import { concat, flatten, reshape } from '../graph/operators/arrangement.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import { matMul } from '../graph/operators/matMul.js';
import { reduceSum } from '../graph/operators/reduction.js';
import type { Classifier } from '../model/classifier.js';
import { withProgress } from '../progress.js';
import { rows, type Tensor, zeros } from '../tensor.js';
import { createExplain, type Explain } from './attribution.js';
import { type Baseline, baselineImages, baselineText } from './baseline.js';
import { completenessGaps, endLogits } from './completeness.js';
import { checkedTargets, logitGradients, programKey } from './gradient.js';

export interface IntegratedGradientsOptions {
  /** Quadrature points on that line. */
  readonly steps?: number;
  /** The image x' that the path starts from, in network input units. Default: 0, the mean of each band. */
  readonly baseline?: Baseline;
}

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

const table = (lines: readonly (readonly number[])[]): Tensor => ({
  data: Float32Array.from(lines.flat()),
  shape: [lines.length, lines[0].length],
});

/**
 * (x - x') times the integral over a in [0, 1] of df/dx at x' + a (x - x') (equation 3), by Gauss-Legendre quadrature.
 * The points of one image are the batch; way and weighted sum are inside the graph.
 * @returns attributions [n, bands, height, width] with the completeness gap; Captum's `IntegratedGradients` on the logits
 * @example const { values, completenessGap } = await integratedGradients(classifier, { steps: 50 })(image, 'Pastures');
 */
export function integratedGradients(
  classifier: Classifier,
  { steps = 50, baseline = 0 }: IntegratedGradientsOptions = {},
): Explain {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new InputError({
      what: 'not a number of steps',
      where: 'integratedGradients: steps',
      expected: 'a whole number from 1',
      got: String(steps),
    });
  }
  const { nodes, weights } = gaussLegendre(steps);
  const points = { position: table(nodes.map((a) => [1, a])), weight: table(weights.map((w) => [w])) };
  const method = 'Integrated Gradients';
  const parameters = { steps, baseline: baselineText(baseline), quadrature: 'Gauss-Legendre' };

  const build = () => {
    const { image, logits } = classifier;
    const shape = shapeOf(image).slice(1);
    const [end, start] = [input('end', [1, ...shape]), input('start', [1, ...shape])];
    // A straight way stays straight behind an affine map A, and A'(mean of gradients) = mean of A'(gradient).
    const entry = affinePrefix(image, logits);
    const [atStart, atEnd] = [start, end].map((at) => substitute([entry], new Map([[image, at]]))[0]);
    // A(x') + a (A(x) - A(x')) for all points at once, as one product.
    const between = shapeOf(entry).slice(1);
    const ends = flatten(concat([atStart, subtract(atEnd, atStart)], 0));
    const path = reshape(matMul(input('position', ['N', 2]), ends), ['N', ...between]);
    const [onPath] = substitute([logits], new Map([[entry, path]]));
    // The gradient is linear in the target, which so takes the weights of the sum.
    const weight = input('weight', ['N', 1]);
    const target = multiply(weight, input('one target', [1, ...shapeOf(logits).slice(1)]));
    const [gradient] = logitGradients({ logits: onPath }, [path], { target });
    const mean = reduceSum(gradient, [0], true);
    const [ofImage] = differentiate(atEnd, [end], mean);
    return { values: multiply(subtract(end, start), ofImage) };
  };

  const facts = { method, parameters, units: 'logit', reduction: 'absolute' } as const;
  return createExplain(facts, async (images, targets) => {
    const target = checkedTargets(classifier, images, targets);
    const starts = baselineImages(images, baseline);
    const program = await classifier.program(programKey(method, {}), build);
    const values = zeros(images.shape);
    for (const i of withProgress('images', [...targets.keys()])) {
      const shared = { end: rows(images, i), start: rows(starts, i), 'one target': rows(target, i) };
      const partial = await runBatched(program, points, shared);
      const sum = rows(values, i).data;
      const parts = partial.values.data;
      for (let j = 0; j < parts.length; j++) sum[j % sum.length] += parts[j];
    }
    const ends = await endLogits(classifier, images, starts);
    const completenessGap = completenessGaps(values, ends, target);
    return { values, completenessGap };
  });
}
