/** What both sides work on: images, and everything random or derived, made once and given to both. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { baselineImages } from 'landlens/attribution/baseline';
import { slic } from 'landlens/attribution/slic';
import { scenes } from 'landlens/dataset/scenes';
import { relevanceRanking } from 'landlens/metric/faithfulness/ranking';
import { createRandom } from 'landlens/random';
import { rows, type Tensor, zeros } from 'landlens/tensor';
import { bands, classes, weightsOf } from './networks.js';
import type { NetworkName, OpenMessage } from './task.js';
import { writeTensors } from './tensorFile.js';

/** Of Max-Sensitivity, in network input units: the paper's. */
export const radius = 0.02;
/** How many random numbers are fed to both sides to compare what they make of them. */
export const fed = { noise: 4, draws: 2, bits: 256 } as const;
export const smoothDeviation = 0.15;
/** Pixels; the default of DeepLift's baseline. */
const blur = 5;

/** The paper's superpixels and windows at its two sizes; other sizes as the nearer one. */
export function paperParameters(size: number) {
  return size < 200
    ? ({ segments: 64, window: 15, stride: 5 } as const)
    : ({ segments: 100, window: 32, stride: 6 } as const);
}

/** Rendered scenes [count, bands, size, size] in network input units, and the labels that a training step needs. */
async function readImages(
  size: number,
  count: number,
): Promise<{ readonly images: Tensor; readonly labels: Tensor }> {
  // Scenes have sides of multiples of 6: the rest is cut off.
  const side = Math.max(48, 6 * Math.ceil(size / 6));
  const dataset = scenes({ size: side });
  const { mean, deviation } = dataset.statistics;
  const images = zeros([count, bands, size, size]);
  const labels = zeros([count, classes]);
  for (let n = 0; n < count; n++) {
    const patch = await dataset.read('test', n);
    for (const label of patch.labels) labels.data[n * classes + label] = 1;
    const image = rows(images, n).data;
    for (let band = 0; band < bands; band++) {
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const value = patch.image.data[(band * side + y) * side + x];
          image[(band * size + y) * size + x] = (value - mean[band]) / deviation[band];
        }
      }
    }
  }
  return { images, labels };
}

/** What landlens' smoothGrad adds to an image, and its maxSensitivity, draw by draw [draws, bands, size, size]. */
function noiseOf(image: Tensor, draws: number, draw: (i: number) => () => number): Tensor {
  const result = zeros([draws, ...image.shape.slice(1)]);
  for (let i = 0; i < draws; i++) {
    const next = draw(i);
    const noise = rows(result, i).data;
    for (let j = 0; j < noise.length; j++) noise[j] = next();
  }
  return result;
}

/** The coin flips that landlens' lime draws for this image [samples, segments]. */
function bitsOf(image: Tensor, count: number, seed: number): Tensor {
  const bytes = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.byteLength);
  const random = createRandom(seed, 'lime', createHash('sha256').update(bytes).digest('hex'));
  const data = Float32Array.from({ length: fed.bits * count }, () => (random.chance(0.5) ? 1 : 0));
  return { data, shape: [fed.bits, count] };
}

/** Makes and writes all arrays; the message is complete but for the target. */
export async function prepareSubject(
  network: NetworkName,
  size: number,
  folder: string,
  seed: number,
  { images: count = 32 }: { readonly images?: number } = {},
): Promise<OpenMessage> {
  const { images, labels } = await readImages(size, count);
  const { data } = rows(images, 0);
  const image = { data: data.slice(), shape: [1, ...images.shape.slice(1)] };
  const blurred = baselineImages(image, { blur });
  const { segments } = paperParameters(size);
  const superpixels = slic({ data: image.data, shape: [bands, size, size] }, { segments, compactness: 0.3 });
  const smooth = (i: number) => {
    const random = createRandom(seed, 'smooth-grad', i);
    return () => smoothDeviation * random.normal();
  };
  const uniform = (i: number) => {
    const random = createRandom(seed, 'max-sensitivity', 0, i);
    return () => random.uniform(-radius, radius);
  };
  // A smooth ranking, so that whole regions go at a time, as with a real map.
  const ranking = relevanceRanking(blurred.data.subarray(0, size * size), { seed, image: 'benchmark' });
  const arrays = new Map<string, Tensor>([
    ['images', images],
    ['training labels', labels],
    ['blurred', blurred],
    ['labels', { data: Float32Array.from(superpixels.labels), shape: [1, size, size] }],
    ['bits', bitsOf(image, superpixels.count, seed)],
    ['noise', noiseOf(image, fed.noise, smooth)],
    ['sensitivity noise', noiseOf(image, fed.draws, uniform)],
    ['ranking', { data: Float32Array.from(ranking), shape: [size * size] }],
  ]);
  const name = `${network}-${size}`;
  return {
    command: 'open',
    ...{ network, size, classes, radius, seed, target: 0 },
    arrays: await writeTensors(join(folder, `${name}.arrays`), arrays),
    weights: await writeTensors(join(folder, `${network}.weights`), await weightsOf(network, seed)),
  };
}
