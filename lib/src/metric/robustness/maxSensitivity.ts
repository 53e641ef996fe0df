/** Max-Sensitivity: how much an explanation can change when its image changes a little (equation 13). */

import { type Explain, type Targets, targetPerImage } from '../../attribution/attribution.js';
import { requireCount, requireFinite, requireLength, requireShape } from '../../check.js';
import { failAt } from '../../error.js';
import { piecesOf, withProgress } from '../../progress.js';
import { createRandom, requireSeed } from '../../random.js';
import { rows, sizeOf, stack, type Tensor, zeros } from '../../tensor.js';

export interface MaxSensitivityOptions {
  /** Half width r of the uniform noise, in network input units. */
  readonly radius?: number;
  /** Noisy copies of each image. */
  readonly draws?: number;
  /** Of the noise, an integer from 0. Default: 0. */
  readonly seed?: number;
  /** Divide by the norm of the original explanation. */
  readonly normalised?: boolean;
  /** The explanations of the images themselves [n, ...], where they are known; else they are made as well. */
  readonly original?: Tensor;
  /** Bytes that the images of one call of the explanation may take; the result does not depend on it. */
  readonly memory?: number;
}

/**
 * The largest change among several perturbed explanations, one number per image:
 * max over draws of ‖Φ(x') - Φ(x)‖, divided by ‖Φ(x)‖ where `normalised` (a norm of zero then counts as 1).
 * Norms are Frobenius norms over all values of an image, bands included. Without the denominator it is the
 * paper's equation 13, with it Captum's `sensitivity_max`; the paper's printed values have the size of the ratio.
 * @param original explanations [n, ...]
 * @param perturbed one tensor of that shape per draw
 */
export function sensitivityOf(
  original: Tensor,
  perturbed: readonly Tensor[],
  { normalised = true }: { readonly normalised?: boolean } = {},
): number[] {
  const where = 'sensitivityOf';
  requireCount(perturbed.length, `${where}, draws`);
  requireFinite(original.data, `${where}, original explanation`);
  for (const draw of perturbed) {
    requireShape(draw.shape, original.shape, `${where}, perturbed explanation`);
    requireFinite(draw.data, `${where}, perturbed explanation`);
  }
  return Array.from({ length: original.shape[0] }, (_, image) => {
    const { data } = rows(original, image);
    const largest = Math.max(...perturbed.map((draw) => distance(rows(draw, image).data, data)));
    return normalised ? largest / (distance(data, new Float32Array(data.length)) || 1) : largest;
  });
}

/**
 * Max-Sensitivity of an attribution method by Monte Carlo: x' = x + U(-r, r) on every value.
 * The noise of an image depends on the seed, its index and the draw alone. Captum's `sensitivity_max` with its
 * defaults (r = 0.02, 10 draws); Quantus takes 200 draws and r = 0.2.
 * @param images [n, bands, height, width], network input units
 * @param targets one for all images, or one per image
 * @returns one number per image, without a unit where `normalised`, else in the explanation's units
 * @example const [sensitivity] = await maxSensitivity(gradCam(classifier), image, 'Pastures', { draws: 3, seed: 0 });
 */
export async function maxSensitivity(
  explain: Explain,
  images: Tensor,
  targets: Targets,
  {
    radius = 0.02,
    draws = 10,
    seed = 0,
    normalised = true,
    original: known,
    memory = 64 * 2 ** 20,
  }: MaxSensitivityOptions = {},
): Promise<number[]> {
  const where = 'maxSensitivity';
  requireShape(images.shape, ['n', 'bands', 'height', 'width'], `${where}, images`);
  requireFinite(images.data, `${where}, images`);
  const each = targetPerImage(targets, images.shape[0]);
  requireLength(each, images.shape[0], `${where}, targets`);
  requireCount(draws, `${where}, draws`);
  requireSeed(seed, `${where}, seed`);
  if (!(radius > 0 && Number.isFinite(radius))) {
    throw failAt(where)('wrong noise radius', 'a number above 0', `${radius}`);
  }
  requireCount(memory, `${where}, memory`);
  const [count, ...imageShape] = images.shape;
  const fitting = Math.max(1, Math.floor(memory / (4 * sizeOf(imageShape))));
  // Copy 0 is the image itself, and copy n has the noise of draw n - 1.
  const firstCopy = known === undefined ? 0 : 1;
  const copiesPerCall = Math.min(draws + 1 - firstCopy, fitting);
  const imagesPerCall = Math.max(1, Math.floor(fitting / copiesPerCall));

  const result: number[] = [];
  for (const start of withProgress('batches', piecesOf(count, imagesPerCall))) {
    const end = Math.min(count, start + imagesPerCall);
    const group = rows(images, start, end);
    const groupTargets = each.slice(start, end);
    let original = known && rows(known, start, end);
    let largest = new Array<number>(end - start).fill(0);
    for (const piece of withProgress('batches', piecesOf(draws + 1 - firstCopy, copiesPerCall))) {
      const first = firstCopy + piece;
      const copies = range(first, Math.min(draws + 1, first + copiesPerCall)).map((copy) =>
        copy === 0 ? group : addNoise(group, { radius, seed, firstImage: start, draw: copy - 1 }),
      );
      const { values } = await explain(
        stack(copies),
        copies.flatMap(() => groupTargets),
      );
      const explained = copies.map((_, i) => rows(values, i * (end - start), (i + 1) * (end - start)));
      const perturbed = first === 0 ? explained.slice(1) : explained;
      original ??= explained[0];
      if (perturbed.length === 0) continue;
      const sensitivities = sensitivityOf(original, perturbed, { normalised });
      largest = largest.map((value, i) => Math.max(value, sensitivities[i]));
    }
    result.push(...largest);
  }
  return result;
}

interface Noise {
  readonly radius: number;
  readonly seed: number;
  readonly firstImage: number;
  readonly draw: number;
}

function addNoise(images: Tensor, { radius, seed, firstImage, draw }: Noise): Tensor {
  const [count, ...rest] = images.shape;
  const size = sizeOf(rest);
  const result = zeros(images.shape);
  for (let image = 0; image < count; image++) {
    const random = createRandom(seed, 'max-sensitivity', firstImage + image, draw);
    for (let i = image * size; i < (image + 1) * size; i++) {
      result.data[i] = images.data[i] + random.uniform(-radius, radius);
    }
  }
  return result;
}

/** ‖a - b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, i) => start + i);
