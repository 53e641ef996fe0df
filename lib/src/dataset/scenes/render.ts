/** What the sensor sees of the painted ground: light, haze, mixed pixels, the resolution of each band, noise. */
import type { Random } from '../../random.js';
import { bandResolution, sentinel2Bands } from '../patch.js';
import { grain, grainMask, smoothNoise, smoothstep } from './noise.js';
import type { Canvas } from './paint.js';
import { materialSpectra } from './spectra.js';

const bandCount = sentinel2Bands.length;

/** Reflectance x 10,000 that haze of strength 1 adds to each band. */
const hazeSpectrum = [260, 220, 150, 110, 80, 60, 50, 40, 35, 30, 10, 5];

/** What a full cloud shadow leaves of the light: the blue of the sky outlasts the rest. */
const shadowTransmission = [0.3, 0.27, 0.23, 0.2, 0.16, 0.13, 0.12, 0.12, 0.11, 0.11, 0.08, 0.07];

/** Bands of a material vary together within these groups: visible, red edge and near infrared, short-wave infrared. */
const bandGroup = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2];

/** The light and air of one scene. */
export interface Atmosphere {
  /** [materials x 12], the spectra as this scene's season and place vary them. */
  readonly spectra: Float32Array;
  /** [size, size]: sunlight on each pixel, 1 on average. */
  readonly light: Float32Array;
  /** [size, size]: strength of the haze. */
  readonly haze: Float32Array;
}

export function drawAtmosphere(random: Random, size: number): Atmosphere {
  const shared = [0, 1, 2].map(() => Math.exp(0.06 * random.normal()));
  const spectra = new Float32Array(materialSpectra.length * bandCount);
  materialSpectra.forEach((spectrum, material) => {
    const own = [0, 1, 2].map(() => Math.exp(0.07 * random.normal()));
    spectrum.forEach((value, band) => {
      const group = bandGroup[band];
      spectra[material * bandCount + band] = value * shared[group] * own[group];
    });
  });
  const relief = random.chance(0.3) ? random.uniform(0.1, 0.4) : random.uniform(0, 0.1);
  const light = smoothNoise(random, size, 28, 3);
  for (let p = 0; p < light.length; p++) light[p] = 1 + relief * light[p];
  const strength = random.chance(0.3) ? random.uniform(0.2, 1.4) : random.uniform(0, 0.2);
  const haze = smoothNoise(random, size, size / 2);
  for (let p = 0; p < haze.length; p++) haze[p] = strength * (1 + 0.5 * haze[p]);
  return { spectra, light, haze };
}

/** The depth of a cloud's shadow, 0 (none) to 1 (full), soft at its edge: [size, size]. */
export function drawCloudShadow(random: Random, size: number): Float32Array {
  const radius = size * random.uniform(0.16, 0.3);
  const x0 = random.uniform(0.2, 0.8) * size;
  const y0 = random.uniform(0.2, 0.8) * size;
  const field = smoothNoise(random, size, size / 3.5, 3);
  for (let y = 0, p = 0; y < size; y++) {
    for (let x = 0; x < size; x++, p++) {
      const distance = Math.hypot(x - x0, y - y0) / radius + 0.6 * field[p];
      field[p] = 1 - smoothstep(0.85, 1.1, distance);
    }
  }
  return field;
}

/** Rendered bands [12, size, size] and the pixels that the shadow reaches in any band, if there is one. */
export interface Rendering {
  readonly data: Float32Array;
  readonly shadowMask?: Uint8Array;
}

/** Renders the ground into the 12 bands. `random` is the sensor's noise alone. */
export function renderBands(
  canvas: Canvas,
  atmosphere: Atmosphere,
  random: Random,
  shadow?: Float32Array,
): Rendering {
  const { size } = canvas;
  const pixels = size * size;
  const data = new Float32Array(bandCount * pixels);
  const ground = new Float32Array(pixels);
  const scratch = new Float32Array(pixels);
  const shadowMask = shadow && new Uint8Array(pixels);
  const shadowAt = new Map<number, Float32Array>();
  for (let band = 0; band < bandCount; band++) {
    const factor = bandResolution[sentinel2Bands[band]] / 10;
    const side = size / factor;
    reflect(canvas, atmosphere, band, ground);
    if (factor === 1) blur(ground, scratch, size);
    else average(ground, size, factor, scratch);
    const samples = (factor === 1 ? ground : scratch).subarray(0, side * side);
    if (shadow !== undefined) {
      const depth = shadowAt.get(factor) ?? averaged(shadow, size, factor);
      shadowAt.set(factor, depth);
      const lost = 1 - shadowTransmission[band];
      for (let p = 0; p < samples.length; p++) samples[p] *= 1 - lost * depth[p];
    }
    addNoise(samples, side, random);
    upsample(samples, side, factor, data.subarray(band * pixels, (band + 1) * pixels));
  }
  if (shadowMask !== undefined)
    for (const [factor, depth] of shadowAt) {
      upsample(depth, size / factor, factor, ground);
      for (let p = 0; p < pixels; p++) if (ground[p] > 0) shadowMask[p] = 1;
    }
  return { data, shadowMask };
}

/** Reflectance of the ground in one band, through the haze, into `result`. */
function reflect(canvas: Canvas, atmosphere: Atmosphere, band: number, result: Float32Array): void {
  const { first, second, blend, gain } = canvas;
  const { spectra, light, haze } = atmosphere;
  const veil = hazeSpectrum[band];
  for (let p = 0; p < result.length; p++) {
    const a = spectra[first[p] * bandCount + band];
    const b = spectra[second[p] * bandCount + band];
    result[p] = (a + (b - a) * blend[p]) * gain[p] * light[p] + veil * haze[p];
  }
}

/** The sensor's point spread as the kernel [1 4 1] / 6 along both axes, in place: pixels at borders are mixed. */
function blur(image: Float32Array, scratch: Float32Array, size: number): void {
  for (let y = 0; y < size; y++) {
    const row = y * size;
    for (let x = 0; x < size; x++) {
      const left = image[row + Math.max(x - 1, 0)];
      const right = image[row + Math.min(x + 1, size - 1)];
      scratch[row + x] = (left + 4 * image[row + x] + right) / 6;
    }
  }
  for (let y = 0; y < size; y++) {
    const row = y * size;
    const up = Math.max(y - 1, 0) * size;
    const down = Math.min(y + 1, size - 1) * size;
    for (let x = 0; x < size; x++)
      image[row + x] = (scratch[up + x] + 4 * scratch[row + x] + scratch[down + x]) / 6;
  }
}

/** The mean of each block of factor x factor pixels, into the start of `result`. */
function average(image: Float32Array, size: number, factor: number, result: Float32Array): void {
  const side = size / factor;
  result.fill(0, 0, side * side);
  const share = 1 / (factor * factor);
  for (let y = 0; y < size; y++) {
    const target = Math.floor(y / factor) * side;
    for (let column = 0, p = y * size; column < side; column++)
      for (let x = 0; x < factor; x++, p++) result[target + column] += share * image[p];
  }
}

function averaged(image: Float32Array, size: number, factor: number): Float32Array {
  const result = new Float32Array((size / factor) ** 2);
  average(image, size, factor, result);
  return result;
}

/** Adds the sensor's noise in place (standard deviation 8 plus 0.6 % of the signal) and keeps values at 1 or more. */
function addNoise(samples: Float32Array, side: number, random: Random): void {
  for (let y = 0, p = 0; y < side; y++) {
    const start = random.integer(grainMask + 1);
    for (let x = 0; x < side; x++, p++) {
      const value = samples[p] + (8 + 0.006 * samples[p]) * grain[(start + x) & grainMask];
      samples[p] = value < 1 ? 1 : value;
    }
  }
}

/** Bilinear enlargement [side, side] to [side factor, side factor], half-pixel centres, edges held, into `result`. */
function upsample(samples: Float32Array, side: number, factor: number, result: Float32Array): void {
  if (factor === 1) {
    result.set(samples);
    return;
  }
  const size = side * factor;
  const lower = new Int32Array(size);
  const upper = new Int32Array(size);
  const weight = new Float32Array(size);
  for (let x = 0; x < size; x++) {
    const position = (x + 0.5) / factor - 0.5;
    const cell = Math.floor(position);
    lower[x] = Math.max(cell, 0);
    upper[x] = Math.min(cell + 1, side - 1);
    weight[x] = position - cell;
  }
  for (let y = 0; y < size; y++) {
    const top = lower[y] * side;
    const bottom = upper[y] * side;
    const down = weight[y];
    for (let x = 0; x < size; x++) {
      const [l, r, right] = [lower[x], upper[x], weight[x]];
      const above = samples[top + l] + (samples[top + r] - samples[top + l]) * right;
      const below = samples[bottom + l] + (samples[bottom + r] - samples[bottom + l]) * right;
      result[y * size + x] = above + (below - above) * down;
    }
  }
}

/**
 * Stripes the 20 m bands in the upper right corner, in place: of neighbouring detector columns (2 pixels wide) one
 * reads 40 % too high and the next is nearly dead, at a tenth. Returns the mask [size, size] of the corner.
 */
export function stripeCorner(data: Float32Array, size: number): Uint8Array {
  // 24 of 120 pixels.
  const side = 2 * Math.round(size / 10);
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < side; y++) for (let x = size - side; x < size; x++) mask[y * size + x] = 1;
  sentinel2Bands.forEach((name, band) => {
    if (bandResolution[name] !== 20) return;
    for (let y = 0; y < side; y++) {
      for (let x = size - side; x < size; x++) {
        const p = (band * size + y) * size + x;
        data[p] *= (x & 2) === 0 ? 1.4 : 0.1;
      }
    }
  });
  return mask;
}
