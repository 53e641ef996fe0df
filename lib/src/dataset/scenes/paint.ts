/** The texture of each class: every pixel becomes a mixture of two materials, somewhat brighter or darker. */
import type { Random } from '../../random.js';
import { classIndex, type LandClass } from './classes.js';
import type { Coast } from './layout.js';
import { grain, grainMask, smoothNoise, smoothstep } from './noise.js';
import { type Material, materialIndex } from './spectra.js';

/**
 * The painted ground, written in place by the painters. The reflectance of pixel p is
 * gain[p] ((1 - blend[p]) spectrum(first[p]) + blend[p] spectrum(second[p])).
 */
export interface Canvas {
  readonly size: number;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly blend: Float32Array;
  readonly gain: Float32Array;
  /** Index of the class that the pixel truly is. */
  readonly cover: Uint8Array;
}

export function createCanvas(size: number): Canvas {
  const pixels = size * size;
  return {
    size,
    first: new Uint8Array(pixels),
    second: new Uint8Array(pixels),
    blend: new Float32Array(pixels),
    gain: new Float32Array(pixels),
    cover: new Uint8Array(pixels),
  };
}

/** Random fields that the painters of one scene share: [size, size]. */
export interface Texture {
  /** Detail of 2 to 3 pixels. */
  readonly fine: Float32Array;
  /** Detail of about 5 pixels. */
  readonly medium: Float32Array;
  /** Detail of about 15 pixels. */
  readonly coarse: Float32Array;
  /** Where this scene starts to read in `grain`. */
  readonly grainStart: number;
}

export function createTexture(random: Random, size: number): Texture {
  return {
    fine: smoothNoise(random, size, 2.3),
    medium: smoothNoise(random, size, 5.5, 2),
    coarse: smoothNoise(random, size, 18, 2),
    grainStart: random.integer(grainMask + 1),
  };
}

type Painter = (canvas: Canvas, pixels: Int32Array, texture: Texture, random: Random) => void;

/** Makes pixel p the given mixture, in place. */
function mix(canvas: Canvas, p: number, first: number, second: number, blend: number, gain: number): void {
  canvas.first[p] = first;
  canvas.second[p] = second;
  canvas.blend[p] = blend < 0 ? 0 : blend > 1 ? 1 : blend;
  canvas.gain[p] = gain;
}

/** A rotated grid of plots over some pixels; all arrays are parallel to those pixels. */
interface Plots {
  /** 0 to 63, mostly different between neighbours. */
  readonly id: Uint8Array;
  /** Distance to the nearest plot border, in pixels. */
  readonly edge: Float32Array;
  /** Coordinates along and across the plots, in pixels. */
  readonly along: Float32Array;
  readonly across: Float32Array;
}

const plotIds = 64;

function hash(i: number, j: number): number {
  const h = Math.imul(Math.imul(i, 0x9e3779b1) ^ Math.imul(j, 0x85ebca6b), 0xc2b2ae35);
  return (h ^ (h >>> 15)) >>> 0;
}

function divideIntoPlots(
  random: Random,
  size: number,
  pixels: Int32Array,
  width: number,
  length: number,
): Plots {
  const angle = random.uniform(0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const shift = Float32Array.from({ length: plotIds }, () => random.uniform());
  const key = random.integer(1 << 20);
  const count = pixels.length;
  const plots = {
    id: new Uint8Array(count),
    edge: new Float32Array(count),
    along: new Float32Array(count),
    across: new Float32Array(count),
  };
  for (let i = 0; i < count; i++) {
    const x = pixels[i] % size;
    const y = (pixels[i] - x) / size;
    const along = x * cos + y * sin;
    const across = y * cos - x * sin;
    const row = Math.floor(across / width);
    const start = along / length + shift[row & (plotIds - 1)];
    const column = Math.floor(start);
    const inRow = (across / width - row) * width;
    const inColumn = (start - column) * length;
    plots.id[i] = hash(row + key, column) & (plotIds - 1);
    plots.edge[i] = Math.min(inRow, width - inRow, inColumn, length - inColumn);
    plots.along[i] = along;
    plots.across[i] = across;
  }
  return plots;
}

/** A value for each plot. */
function perPlot(draw: () => number): Float32Array {
  return Float32Array.from({ length: plotIds }, draw);
}

/** A pair of materials between which the plots of a crop vary. */
type Pair = readonly [Material, Material];

function indices(pairs: readonly Pair[]): [Uint8Array, Uint8Array] {
  return [
    Uint8Array.from(pairs, ([first]) => materialIndex(first)),
    Uint8Array.from(pairs, ([, second]) => materialIndex(second)),
  ];
}

/** Share of the stretches of permanent crops that are young: at 10 m they look like arable land. */
export const youngPlantationRate = 0.35;

const paintArable: Painter = (canvas, pixels, texture, random) => {
  const width = random.uniform(8, 26);
  const plots = divideIntoPlots(random, canvas.size, pixels, width, width * random.uniform(1.2, 3));
  const [first, second] = indices([
    ['cropGreen', 'cropYoung'],
    ['cropYoung', 'soilBright'],
    ['cropRipe', 'soilBright'],
    ['soilBright', 'soilDark'],
    ['soilDark', 'cropYoung'],
  ]);
  // The season decides which stages are common; neighbouring fields still differ.
  const season = random.uniform(0, 5);
  const stage = perPlot(() => Math.floor(season + random.uniform(0, 3)) % 5);
  const blend = perPlot(() => random.uniform(0, 0.8));
  const gain = perPlot(() => random.uniform(0.88, 1.12));
  const wave = (2 * Math.PI) / random.uniform(3, 5);
  const rows = perPlot(() => random.uniform(0.01, 0.05));
  const turn = perPlot(() => random.integer(2));
  const grass = materialIndex('grassDry');
  const margin = random.uniform(0, 0.8);
  const { coarse, grainStart } = texture;
  for (let i = 0; i < pixels.length; i++) {
    const p = pixels[i];
    const plot = plots.id[i];
    const speckle = 1 + 0.03 * grain[(grainStart + p) & grainMask];
    if (plots.edge[i] < margin) {
      mix(canvas, p, grass, second[stage[plot]], 0.3, speckle);
      continue;
    }
    const row = Math.sin(wave * (turn[plot] === 0 ? plots.along[i] : plots.across[i]));
    const light = gain[plot] * speckle * (1 + rows[plot] * row);
    mix(canvas, p, first[stage[plot]], second[stage[plot]], blend[plot] + 0.15 * coarse[p], light);
  }
};

const paintPermanentCrops: Painter = (canvas, pixels, texture, random) => {
  if (random.chance(youngPlantationRate)) {
    paintArable(canvas, pixels, texture, random);
    return;
  }
  const width = random.uniform(16, 36);
  const plots = divideIntoPlots(random, canvas.size, pixels, width, width * random.uniform(1, 1.8));
  const tree = materialIndex('treeOrchard');
  const grounds = [materialIndex('soilOrchard'), materialIndex('grassDry'), materialIndex('grassNatural')];
  const common = random.integer(3);
  const ground = perPlot(() => (random.chance(0.7) ? grounds[common] : random.pick(grounds)));
  const vineyard = random.chance(0.4);
  const spacing = perPlot(() => (2 * Math.PI) / random.uniform(2.5, 4.2));
  const cover = perPlot(() => random.uniform(0.3, 0.6));
  // Young or regular stands show their rows, old ones hardly.
  const contrast = perPlot(() => random.uniform(0.08, 0.34));
  const gain = perPlot(() => random.uniform(0.9, 1.1));
  const track = random.uniform(0.3, 0.9);
  const { medium, grainStart } = texture;
  for (let i = 0; i < pixels.length; i++) {
    const p = pixels[i];
    const plot = plots.id[i];
    const speckle = 1 + 0.04 * grain[(grainStart + p) & grainMask];
    const across = Math.cos(spacing[plot] * plots.across[i]);
    const stand = vineyard ? across : (across + Math.cos(spacing[plot] * plots.along[i])) / 1.4;
    const trees = plots.edge[i] < track ? 0.05 : cover[plot] + contrast[plot] * stand + 0.12 * medium[p];
    mix(canvas, p, ground[plot], tree, trees, gain[plot] * speckle);
  }
};

const paintPastures: Painter = (canvas, pixels, texture, random) => {
  const width = random.uniform(14, 34);
  const plots = divideIntoPlots(random, canvas.size, pixels, width, width * random.uniform(1, 1.7));
  const [green, dry] = [materialIndex('grassGreen'), materialIndex('grassDry')];
  const [hedge, hedgeShade] = [materialIndex('broadLeaf'), materialIndex('broadLeafShade')];
  const dryness = random.uniform(0, 0.3);
  const grazed = perPlot(() => dryness + random.uniform(0, 0.22));
  const gain = perPlot(() => random.uniform(0.93, 1.07));
  const hedged = random.chance(0.6) ? random.uniform(0.5, 0.9) : 0;
  const { medium, coarse, fine, grainStart } = texture;
  for (let i = 0; i < pixels.length; i++) {
    const p = pixels[i];
    const plot = plots.id[i];
    const speckle = 1 + 0.02 * grain[(grainStart + p) & grainMask];
    if (plots.edge[i] < hedged && medium[p] > -0.25)
      mix(canvas, p, hedge, hedgeShade, 0.5 + 0.5 * fine[p], speckle);
    else mix(canvas, p, green, dry, grazed[plot] + 0.12 * coarse[p] + 0.08 * medium[p], gain[plot] * speckle);
  }
};

const paintBroadLeaved: Painter = (canvas, pixels, { fine, medium, coarse, grainStart }, random) => {
  const [crown, shade] = [materialIndex('broadLeaf'), materialIndex('broadLeafShade')];
  const gaps = random.uniform(0.15, 0.35);
  for (const p of pixels) {
    const speckle = 1 + 0.03 * grain[(grainStart + p) & grainMask] + 0.08 * coarse[p];
    mix(canvas, p, crown, shade, gaps + 0.35 * medium[p] + 0.4 * fine[p], speckle);
  }
};

const paintConiferous: Painter = (canvas, pixels, { fine, coarse, grainStart }, random) => {
  const [crown, shade] = [materialIndex('needle'), materialIndex('needleShade')];
  const density = random.uniform(0.2, 0.45);
  for (const p of pixels) {
    const speckle = 1 + 0.06 * grain[(grainStart + p) & grainMask] + 0.1 * coarse[p];
    mix(canvas, p, crown, shade, density + 0.55 * fine[p], speckle);
  }
};

const paintNaturalGrassland: Painter = (canvas, pixels, { fine, medium, coarse, grainStart }, random) => {
  const [grass, dry] = [materialIndex('grassNatural'), materialIndex('grassDry')];
  const rock = materialIndex('rock');
  const dryness = random.uniform(0.1, 0.6);
  // Above this much of the terrain's noise the rock shows.
  const bare = random.uniform(0.05, 0.6);
  for (const p of pixels) {
    const relief = 0.6 * coarse[p] + 0.55 * medium[p];
    const speckle = 1 + 0.035 * grain[(grainStart + p) & grainMask] + 0.12 * coarse[p];
    if (relief > bare) mix(canvas, p, grass, rock, 2 * (relief - bare) + 0.3 * fine[p], speckle);
    else mix(canvas, p, grass, dry, dryness + 0.5 * relief, speckle);
  }
};

const paintMoors: Painter = (canvas, pixels, { fine, medium, coarse, grainStart }, random) => {
  const [heath, green] = [materialIndex('heath'), materialIndex('sclerophyll')];
  const mottle = random.uniform(0.2, 0.6);
  for (const p of pixels) {
    const speckle = 1 + 0.04 * grain[(grainStart + p) & grainMask] + 0.07 * coarse[p] + 0.08 * fine[p];
    mix(canvas, p, heath, green, mottle + 0.9 * medium[p] + 0.25 * coarse[p], speckle);
  }
};

const paintTransitional: Painter = (canvas, pixels, { fine, medium, coarse, grainStart }, random) => {
  const shrub = materialIndex(random.chance(0.6) ? 'shrub' : 'treeOrchard');
  const grass = materialIndex(random.chance(0.6) ? 'grassNatural' : 'grassDry');
  const limit = random.uniform(-0.3, 0.1);
  for (const p of pixels) {
    const white = grain[(grainStart + p) & grainMask];
    const density = fine[p] + 0.4 * medium[p] + 0.5 * coarse[p] + 0.25 * white;
    const clump = smoothstep(limit - 0.5, limit + 0.5, density);
    mix(canvas, p, grass, shrub, 0.1 + 0.85 * clump, 1 + 0.04 * white);
  }
};

const paintWetlands: Painter = (canvas, pixels, { fine, medium, coarse, grainStart }, random) => {
  const [reed, peat, water] = [materialIndex('reed'), materialIndex('peat'), materialIndex('lakeDark')];
  const pools = random.uniform(0.2, 0.6);
  const peaty = random.uniform(0.1, 0.7);
  for (const p of pixels) {
    const wet = 0.8 * medium[p] - 0.35 * coarse[p] + 0.2 * fine[p];
    const speckle = 1 + 0.04 * grain[(grainStart + p) & grainMask] + 0.06 * fine[p];
    if (wet > pools) mix(canvas, p, peat, water, 0.4 + 4 * (wet - pools), speckle);
    else mix(canvas, p, reed, peat, peaty - 0.6 * coarse[p] + 0.5 * medium[p], speckle);
  }
};

const paintUrban: Painter = (canvas, pixels, texture, random) => {
  const width = random.uniform(7, 12);
  const plots = divideIntoPlots(random, canvas.size, pixels, width, width * random.uniform(1.2, 2.2));
  const roofs = [materialIndex('roofTile'), materialIndex('roofGrey'), materialIndex('roofWhite')];
  const [garden, asphalt] = [materialIndex('garden'), materialIndex('asphalt')];
  const tiled = random.uniform(0.3, 0.9);
  const built = random.uniform(0.35, 0.75);
  const density = perPlot(() => built + random.uniform(-0.15, 0.15));
  const house = random.uniform(1.5, 2.2);
  const street = random.uniform(0.5, 0.9);
  const key = random.integer(1 << 20);
  const { medium, grainStart } = texture;
  for (let i = 0; i < pixels.length; i++) {
    const p = pixels[i];
    const speckle = 1 + 0.06 * grain[(grainStart + p) & grainMask];
    if (plots.edge[i] < street) {
      mix(canvas, p, asphalt, garden, 0.1, speckle);
      continue;
    }
    const lot = hash(Math.floor(plots.along[i] / house) + key, Math.floor(plots.across[i] / house));
    const chance = (lot & 0xff) / 256;
    const colour = ((lot >>> 8) & 0xff) / 256;
    const roof = colour < tiled ? roofs[0] : colour < 0.97 ? roofs[1] : roofs[2];
    const isBuilt = chance + 0.2 * medium[p] < density[plots.id[i]];
    mix(canvas, p, isBuilt ? roof : garden, isBuilt ? garden : asphalt, 0.2 + 0.25 * chance, speckle);
  }
};

const paintIndustrial: Painter = (canvas, pixels, texture, random) => {
  const width = random.uniform(11, 20);
  const plots = divideIntoPlots(random, canvas.size, pixels, width, width * random.uniform(1, 1.8));
  const roofs = [materialIndex('roofWhite'), materialIndex('roofMetal'), materialIndex('roofGrey')];
  const [asphalt, concrete] = [materialIndex('asphalt'), materialIndex('concrete')];
  const grass = materialIndex('grassDry');
  const roof = perPlot(() => random.pick(roofs));
  const yard = perPlot(() => random.uniform(1.6, 3.4));
  const ground = perPlot(() => (random.chance(0.2) ? grass : concrete));
  const gain = perPlot(() => random.uniform(0.8, 1.15));
  const { medium, grainStart } = texture;
  for (let i = 0; i < pixels.length; i++) {
    const p = pixels[i];
    const plot = plots.id[i];
    const speckle = 1 + 0.03 * grain[(grainStart + p) & grainMask];
    if (plots.edge[i] < 0.9) mix(canvas, p, asphalt, grass, 0.1, speckle);
    else if (plots.edge[i] < yard[plot])
      mix(canvas, p, asphalt, ground[plot], 0.5 + 0.5 * medium[p], speckle);
    else mix(canvas, p, roof[plot], concrete, 0.1, gain[plot] * speckle);
  }
};

const paintBeach: Painter = (canvas, pixels, { medium, coarse, grainStart }, random) => {
  const [sand, grass] = [materialIndex('sand'), materialIndex('grassDry')];
  const brightness = random.uniform(0.75, 1.1);
  const overgrown = random.uniform(0, 0.25);
  for (const p of pixels) {
    const speckle = 1 + 0.025 * grain[(grainStart + p) & grainMask] + 0.05 * coarse[p];
    mix(canvas, p, sand, grass, overgrown + 0.4 * medium[p], brightness * speckle);
  }
};

const paintInlandWaters: Painter = (canvas, pixels, { coarse, grainStart }, random) => {
  const [dark, bright] = [materialIndex('lakeDark'), materialIndex('lakeBright')];
  const turbidity = random.uniform() ** 2;
  for (const p of pixels) {
    const speckle = 1 + 0.02 * grain[(grainStart + p) & grainMask];
    mix(canvas, p, dark, bright, turbidity + 0.08 * coarse[p], speckle);
  }
};

const painters: Record<LandClass, Painter> = {
  'Urban fabric': paintUrban,
  'Industrial or commercial units': paintIndustrial,
  'Arable land': paintArable,
  'Permanent crops': paintPermanentCrops,
  Pastures: paintPastures,
  'Broad-leaved forest': paintBroadLeaved,
  'Coniferous forest': paintConiferous,
  'Natural grassland and sparsely vegetated areas': paintNaturalGrassland,
  'Moors, heathland and sclerophyllous vegetation': paintMoors,
  'Transitional woodland, shrub': paintTransitional,
  'Beaches, dunes, sands': paintBeach,
  'Inland wetlands': paintWetlands,
  'Inland waters': paintInlandWaters,
};

/**
 * Paints pixels as a class, in place. The sea needs a coast: `paintSea`.
 * @param look the class that they look like, if it is another one
 */
export function paint(
  canvas: Canvas,
  cover: LandClass,
  pixels: Int32Array,
  texture: Texture,
  random: Random,
  look = cover,
): void {
  if (pixels.length === 0) return;
  painters[look](canvas, pixels, texture, random);
  const index = classIndex(cover);
  for (const p of pixels) canvas.cover[p] = index;
}

/** Paints a country road, in place; its pixels keep their class. */
export function paintRoad(canvas: Canvas, pixels: Int32Array, random: Random): void {
  const [asphalt, soil] = [materialIndex('asphalt'), materialIndex('soilBright')];
  const dirt = random.uniform(0, 0.9);
  for (const p of pixels) mix(canvas, p, asphalt, soil, dirt, 1);
}

/** Paints the sea, in place: brighter in shallow water, waves across it, some surf at the shore. */
export function paintSea(canvas: Canvas, { sea, distance }: Coast, texture: Texture, random: Random): void {
  const [deep, shallow] = [materialIndex('seaDeep'), materialIndex('seaShallow')];
  const surf = materialIndex('surf');
  const turbidity = random.uniform() ** 2;
  const reach = random.uniform(5, 40);
  const angle = random.uniform(0, 2 * Math.PI);
  const length = random.uniform(2.5, 6);
  const [waveX, waveY] = [(2 * Math.PI * Math.cos(angle)) / length, (2 * Math.PI * Math.sin(angle)) / length];
  const height = random.uniform(0, 0.05);
  const surfWidth = random.uniform(0, 1.6);
  const { medium, coarse, grainStart } = texture;
  const index = classIndex('Marine waters');
  for (const p of sea) {
    const x = p % canvas.size;
    const y = (p - x) / canvas.size;
    const wave = height * Math.sin(waveX * x + waveY * y + 2 * coarse[p]);
    const speckle = 1 + wave + 0.03 * grain[(grainStart + p) & grainMask];
    if (distance[p] > -surfWidth && medium[p] > 0) mix(canvas, p, shallow, surf, 0.5, speckle);
    else {
      const depth = Math.exp(distance[p] / reach);
      mix(canvas, p, deep, shallow, 0.6 * turbidity + 0.7 * depth + 0.15 * coarse[p], speckle);
    }
    canvas.cover[p] = index;
  }
}
