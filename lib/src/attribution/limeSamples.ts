/** The perturbed images of LIME: which superpixels each of them shows, and how much it weighs. */
import { failAt } from '../error.js';
import { createRandom, type RandomKey } from '../random.js';
import type { Tensor } from '../tensor.js';
import { effectiveCount } from './effectiveCount.js';
import type { Segmentation } from './slic.js';

export interface LimeDrawing {
  /**
   * How the segments that a perturbed image shows are drawn, each with probability 1/2.
   * - "independent": as in Ribeiro's LIME and Captum's.
   * - "paired": every other image shows what the one before hides, so that interactions of two segments, or of any even
   *   number, all but cancel (the weights of a pair differ a little); and pairs come in blocks that show any two segments
   *   together as often as one without the other. Each image alone is drawn as before, so the limit of ever more samples
   *   is the same. On the default network 900 to 2,600 samples leave the error of 6,000 independent ones, and 256 that of
   *   600 to 1,800.
   */
  readonly bits?: 'independent' | 'paired';
  /**
   * The squared distance D of a perturbed image, from 0 (all shown) to 1 (nothing shown).
   * - "cosine": (1 - cos(bits, all ones))² = (1 - √(share of segments shown))², as in Ribeiro's `lime_image`.
   * - "squared": ‖x - h(z)‖²_F, the paper's, divided by its value with nothing shown.
   */
  readonly distance?: 'cosine' | 'squared';
  /** Width of the kernel exp(-D / (2 width²)). */
  readonly kernelWidth?: number;
}

export interface LimeSamples {
  /** 1 where a sample shows a segment [samples * count]. */
  readonly bits: Uint8Array;
  /** [samples] */
  readonly weights: Float64Array;
}

/**
 * Fewer samples from the same key are the first of more.
 * @param image [1, bands, height, width]
 * @param absent what replaces the pixels of absent segments, one number per band
 */
export function drawSamples(
  image: Tensor,
  segmentation: Segmentation,
  {
    samples,
    absent,
    key,
    bits: drawing,
    distance,
    kernelWidth,
  }: Required<LimeDrawing> & {
    readonly samples: number;
    readonly absent: readonly number[];
    readonly key: RandomKey;
  },
): LimeSamples {
  const { count } = segmentation;
  const bits =
    drawing === 'paired' ? pairedBits({ samples, count, key }) : independentBits({ samples, count, key });
  const distances =
    distance === 'cosine'
      ? cosineDistances(bits, count)
      : imageDistances(bits, segmentEnergies(image, segmentation, absent));
  return { bits, weights: distances.map((squared) => Math.exp(-squared / (2 * kernelWidth ** 2))) };
}

interface Bits {
  readonly samples: number;
  /** Bits of each sample. */
  readonly count: number;
  readonly key: RandomKey;
}

/** Fair coin flips [samples * count]. */
function independentBits({ samples, count, key }: Bits): Uint8Array {
  const random = createRandom(...key);
  return Uint8Array.from({ length: samples * count }, () => Number(random.chance(0.5)));
}

/**
 * Each vector and its complement, in blocks [samples * count]. A block of as many pairs as the least power of two from
 * `count` on holds the rows of a Hadamard matrix, in random order: some of its columns, drawn at random, one per bit,
 * each kept or flipped at random. So each vector alone is uniform on {0, 1}^count, and within a block every two bits are
 * equal in just half of the vectors: a regression loses nothing to chance correlations of its features. Only
 * interactions of three bits, of five and so on disturb it.
 */
function pairedBits({ samples, count, key }: Bits): Uint8Array {
  const random = createRandom(...key);
  const order = 2 ** Math.ceil(Math.log2(count));
  const numbers = Array.from({ length: order }, (_, i) => i);
  const bits = new Uint8Array(samples * count);
  for (let start = 0; start < samples; start += 2 * order) {
    const columns = random.shuffle(numbers);
    const flips = numbers.map(() => Number(random.chance(0.5)));
    for (const [pair, row] of random.shuffle(numbers).entries()) {
      const place = (start + 2 * pair) * count;
      if (place >= bits.length) break;
      for (let i = 0; i < count; i++) {
        const bit = parity(row & columns[i]) ^ flips[i];
        bits[place + i] = bit;
        bits[place + count + i] = 1 - bit;
      }
    }
  }
  return bits;
}

/** 1 for an odd number of ones in the binary digits: (-1)^parity(row & column) is Sylvester's Hadamard matrix. */
function parity(value: number): number {
  let rest = value;
  for (let shift = 16; shift >= 1; shift /= 2) rest ^= rest >>> shift;
  return rest & 1;
}

/** The sum of some values per segment over the segments of each sample that are absent. */
function absentSums(bits: Uint8Array, perSegment: ArrayLike<number>): Float64Array {
  const count = perSegment.length;
  const sums = new Float64Array(bits.length / count);
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] === 0) sums[Math.floor(i / count)] += perSegment[i % count];
  }
  return sums;
}

function cosineDistances(bits: Uint8Array, count: number): Float64Array {
  const absent = absentSums(bits, new Uint8Array(count).fill(1));
  return absent.map((segments) => (1 - Math.sqrt(1 - segments / count)) ** 2);
}

function imageDistances(bits: Uint8Array, energies: Float64Array): Float64Array {
  const total = energies.reduce((sum, energy) => sum + energy, 0);
  return absentSums(bits, energies).map((energy) => (total === 0 ? 0 : energy / total));
}

/** Σ (x - baseline)² over the pixels and bands of each segment. */
function segmentEnergies(
  image: Tensor,
  { labels, count }: Segmentation,
  absent: readonly number[],
): Float64Array {
  const energies = new Float64Array(count);
  for (let i = 0; i < image.data.length; i++) {
    const band = Math.floor(i / labels.length);
    energies[labels[i % labels.length]] += (image.data[i] - absent[band]) ** 2;
  }
  return energies;
}

/**
 * Kish's effective number of samples: n where all weigh alike, 1 where one outweighs the rest; half of it where they come
 * in pairs, as two images that show complements of each other tell the coefficients one thing.
 */
export function effectiveSamples(weights: Float64Array, drawing: LimeDrawing['bits']): number {
  const effective = effectiveCount(weights);
  return drawing === 'paired' ? effective / 2 : effective;
}

/** Refuses a fit that would rest on no more samples than it has coefficients. */
export function requireEffective(
  effective: number,
  fit: Required<LimeDrawing> & { readonly count: number },
): void {
  if (effective > fit.count + 1) return;
  const pairs = fit.bits === 'paired' ? 'pairs of samples' : 'samples';
  throw failAt(
    `lime: distance "${fit.distance}", kernelWidth ${fit.kernelWidth}`,
    'Take more samples or a wider kernel.',
  )(
    `too few ${pairs} carry weight`,
    `more than ${fit.count + 1} effective ${pairs}, one per superpixel and one for the intercept`,
    effective.toPrecision(3),
  );
}
