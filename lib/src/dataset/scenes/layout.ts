/** Where things are in a scene: regions of land cover, waters, hamlets, roads and the coast. */
import type { Random } from '../../random.js';
import type { LandClass } from './classes.js';
import { smoothNoise } from './noise.js';

/** A kind of landscape: what it always holds, what may stand beside it, and how often it has waters. */
interface Landscape {
  /** Share of the data set. */
  readonly weight: number;
  readonly core: readonly LandClass[];
  readonly beside: readonly (readonly [LandClass, number])[];
  readonly lake: number;
  readonly river: number;
  readonly coast?: 'rocky' | 'beach' | 'gravelBed' | 'openSea';
}

/** The classes of the table of landscapes. */
const shortNames: ReadonlyMap<string, LandClass> = new Map([
  ['urban', 'Urban fabric'],
  ['industry', 'Industrial or commercial units'],
  ['arable', 'Arable land'],
  ['crops', 'Permanent crops'],
  ['pastures', 'Pastures'],
  ['broadleaf', 'Broad-leaved forest'],
  ['conifers', 'Coniferous forest'],
  ['grass', 'Natural grassland and sparsely vegetated areas'],
  ['moors', 'Moors, heathland and sclerophyllous vegetation'],
  ['shrub', 'Transitional woodland, shrub'],
  ['wetlands', 'Inland wetlands'],
] as const);

/** Classes and their weights in words, such as "pastures 2, urban 1.6". */
function weights(text: string): readonly (readonly [LandClass, number])[] {
  return text.split(', ').map((entry) => {
    const [short, weight] = entry.split(' ');
    const name = shortNames.get(short);
    if (name === undefined) throw new Error(`no class is called ${short}`);
    return [name, Number(weight)];
  });
}

const landscapes: Readonly<Record<string, Landscape>> = {
  farmland: {
    ...{ weight: 0.16, core: ['Arable land'], lake: 0.06, river: 0.18 },
    beside: weights('pastures 2, broadleaf 2, urban 1.6, crops 0.8, shrub 0.7, conifers 0.6'),
  },
  grazing: {
    ...{ weight: 0.1, core: ['Pastures'], lake: 0.06, river: 0.15 },
    beside: weights('arable 2, broadleaf 2, conifers 0.8, grass 1, moors 0.8, urban 0.6, wetlands 0.4'),
  },
  orchards: {
    ...{ weight: 0.12, core: ['Permanent crops'], lake: 0.04, river: 0.1 },
    beside: weights('arable 2, urban 1, broadleaf 1, shrub 1, grass 1, pastures 0.5'),
  },
  woodland: {
    ...{ weight: 0.13, core: [], lake: 0.2, river: 0.1 },
    beside: weights('conifers 3, broadleaf 3, shrub 2, wetlands 0.8, pastures 1'),
  },
  upland: {
    ...{ weight: 0.1, core: [], lake: 0.12, river: 0.06 },
    beside: weights('moors 3, grass 3, conifers 1.5, shrub 1.5, wetlands 1, pastures 0.7'),
  },
  town: {
    ...{ weight: 0.1, core: ['Urban fabric'], lake: 0.05, river: 0.2 },
    beside: weights('industry 4, arable 2, pastures 1.5, broadleaf 1.5, crops 0.5'),
  },
  mire: {
    ...{ weight: 0.05, core: ['Inland wetlands'], lake: 0.3, river: 0.1 },
    beside: weights('conifers 2, shrub 1.5, moors 1.5, pastures 1'),
  },
  rockyCoast: {
    ...{ weight: 0.07, core: [], lake: 0, river: 0, coast: 'rocky' },
    beside: weights(
      'urban 1.5, industry 0.7, pastures 1.5, arable 1, crops 0.8, moors 1.5, grass 1.5, shrub 1, conifers 0.7',
    ),
  },
  // No permanent crops here: the sensor artefact must not depend on whether the sea hides them.
  beach: {
    ...{ weight: 0.09, core: [], lake: 0.05, river: 0, coast: 'beach' },
    beside: weights('grass 2, moors 2, conifers 1.5, urban 1.5, pastures 1, wetlands 0.6'),
  },
  // A bare strip like a beach without sea, but sparsely vegetated ground: only the sea tells a beach for certain.
  gravelBed: {
    ...{ weight: 0.05, core: [], lake: 0.05, river: 0, coast: 'gravelBed' },
    beside: weights('grass 2, moors 2, conifers 1.5, urban 1.5, pastures 1, wetlands 0.6'),
  },
  openSea: { weight: 0.03, core: ['Pastures'], beside: [], lake: 0, river: 0, coast: 'openSea' },
};

/** One of the named weights, with probability proportional to it. */
function pickWeighted<Name>(random: Random, entries: readonly (readonly [Name, number])[]): Name {
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random.uniform(0, total);
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  return entries[entries.length - 1][0];
}

/** A stretch of land of one class. */
export interface Region {
  readonly cover: LandClass;
  /** Indices into the row-major image. */
  readonly pixels: Int32Array;
}

export interface Layout {
  readonly landscape: string;
  readonly coast: Landscape['coast'];
  /** Regions that together cover the image, as if there were neither waters nor hamlets. */
  readonly regions: readonly Region[];
  /** Pixels of country roads; they keep the class of the region that they cross. */
  readonly roads: Int32Array;
  readonly lakes: Int32Array;
  readonly rivers: Int32Array;
}

/** Draws the land and its inland waters. */
export function layOutLand(random: Random, size: number): Layout {
  const [landscape, { core, beside, lake, river, coast }] = pickWeighted(
    random,
    Object.entries(landscapes).map((entry) => [entry, entry[1].weight] as const),
  );
  const classes = new Set<LandClass>(core);
  const wanted = core.length + 1 + random.integer(3);
  while (classes.size < Math.min(wanted, beside.length)) classes.add(pickWeighted(random, beside));

  return {
    landscape,
    coast,
    regions: drawRegions(random, size, [...classes]),
    roads: random.chance(0.6) ? drawRoad(random, size) : new Int32Array(0),
    lakes: random.chance(lake) ? drawLake(random, size) : new Int32Array(0),
    rivers: random.chance(river) ? drawRiver(random, size) : new Int32Array(0),
  };
}

/** Voronoi cells of random sites, their borders bent by smooth noise; every class gets a site. */
function drawRegions(random: Random, size: number, classes: readonly LandClass[]): Region[] {
  const count = classes.length === 1 ? 1 : classes.length + 1 + random.integer(4);
  const sites = Array.from({ length: count }, (_, i) => ({
    x: random.uniform(0, size),
    y: random.uniform(0, size),
    cover: i < classes.length ? classes[i] : random.pick(classes),
  }));
  const xs = Float64Array.from(sites, (site) => site.x);
  const ys = Float64Array.from(sites, (site) => site.y);
  const strength = size * random.uniform(0.04, 0.14);
  const warpX = smoothNoise(random, size, size / 4, 3);
  const warpY = smoothNoise(random, size, size / 4, 3);
  const nearest = new Uint8Array(size * size);
  for (let y = 0, p = 0; y < size; y++) {
    for (let x = 0; x < size; x++, p++) {
      const u = x + strength * warpX[p];
      const v = y + strength * warpY[p];
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < count; i++) {
        const distance = (u - xs[i]) * (u - xs[i]) + (v - ys[i]) * (v - ys[i]);
        if (distance < best) {
          best = distance;
          nearest[p] = i;
        }
      }
    }
  }
  return sites.map(({ cover }, i) => ({ cover, pixels: select(nearest, (site) => site === i) }));
}

/** The indices of the values that satisfy a condition. */
export function select(values: Uint8Array | Float32Array, holds: (value: number) => boolean): Int32Array {
  const found = new Int32Array(values.length);
  let count = 0;
  for (let p = 0; p < values.length; p++) if (holds(values[p])) found[count++] = p;
  return found.subarray(0, count);
}

/** Distance from a bent line through a random point, in pixels, signed: [size, size]. */
function bentLine(random: Random, size: number, margin: number, bend: number, period: number): Float32Array {
  const angle = random.uniform(0, 2 * Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const x0 = random.uniform(margin, 1 - margin) * size;
  const y0 = random.uniform(margin, 1 - margin) * size;
  const noise = smoothNoise(random, size, period, 2);
  for (let y = 0, p = 0; y < size; y++)
    for (let x = 0; x < size; x++, p++) noise[p] = (x - x0) * cos + (y - y0) * sin + bend * noise[p];
  return noise;
}

function drawRoad(random: Random, size: number): Int32Array {
  const distance = bentLine(random, size, 0.1, size * random.uniform(0, 0.1), size / 2);
  return select(distance, (d) => d >= -0.7 && d < 0.7);
}

function drawRiver(random: Random, size: number): Int32Array {
  const halfWidth = size * random.uniform(0.018, 0.04);
  const distance = bentLine(random, size, 0.25, size * random.uniform(0.1, 0.25), size / 2.5);
  return select(distance, (d) => d >= -halfWidth && d < halfWidth);
}

function drawLake(random: Random, size: number): Int32Array {
  const radius = size * random.uniform(0.14, 0.42);
  const stretch = random.uniform(0.6, 1);
  const x0 = random.uniform(0.15, 0.85) * size;
  const y0 = random.uniform(0.15, 0.85) * size;
  const noise = smoothNoise(random, size, size / 3, 3);
  for (let y = 0, p = 0; y < size; y++)
    for (let x = 0; x < size; x++, p++)
      noise[p] = Math.hypot(x - x0, (y - y0) / stretch) / radius + 0.6 * noise[p];
  return select(noise, (distance) => distance < 1);
}

/** A compact settlement of a share 4 to 9 % of the image, or nothing where its place is not on land. */
export function drawHamlet(random: Random, size: number): Int32Array {
  const radius = size * random.uniform(0.12, 0.17);
  const x0 = random.uniform(0.15, 0.85) * size;
  const y0 = random.uniform(0.15, 0.85) * size;
  const noise = smoothNoise(random, size, 10, 2);
  for (let y = 0, p = 0; y < size; y++)
    for (let x = 0; x < size; x++, p++) noise[p] = Math.hypot(x - x0, y - y0) / radius + 0.5 * noise[p];
  return select(noise, (distance) => distance < 1);
}

function quantile(values: Float32Array, share: number): number {
  return values.slice().sort()[Math.round(share * (values.length - 1))];
}

export interface Coast {
  /** Distance to the shore in pixels, negative at sea: [size, size]. */
  readonly distance: Float32Array;
  readonly sea: Int32Array;
  /** The strip of sand along the shore. */
  readonly beach: Int32Array;
}

/** A coast whose sea covers 15 to 60 % of the image and whose beach covers 3 to 12 %. */
export function drawBeachCoast(random: Random, size: number): Coast {
  const field = bentLine(random, size, 0, size * random.uniform(0.05, 0.25), size / 2);
  const seaShare = random.uniform(0.15, 0.6);
  const beachShare = random.uniform(0.03, 0.12);
  // Taking the limits as quantiles of the fields gives each part exactly its share.
  const shore = quantile(field, seaShare);
  const distance = field.map((d) => d - shore);
  const ragged = smoothNoise(random, size, 9, 2);
  const inland = distance.map((d, p) => (d < 0 ? -size : Math.max(d + 4 * ragged[p], 0)));
  const dune = quantile(inland, seaShare + beachShare);
  return {
    distance,
    sea: select(distance, (d) => d < 0),
    beach: select(inland, (d) => d >= 0 && d < dune),
  };
}

/** A coast without a beach, or with a narrow one (3 to 5 pixels wide in 120) on parts of its shore. */
export function drawRockyCoast(random: Random, size: number, withSmallBeach: boolean): Coast {
  const field = bentLine(random, size, 0, size * random.uniform(0.1, 0.3), size / 2.5);
  const shore = quantile(field, random.uniform(0.15, 0.75));
  const distance = field.map((d) => d - shore);
  const width = size * random.uniform(0.025, 0.045);
  const stretch = smoothNoise(random, size, size / 3);
  const limit = random.uniform(-0.8, -0.2);
  const strip = distance.map((d, p) => (d >= 0 && d < width && stretch[p] > limit ? 1 : 0));
  return {
    distance,
    sea: select(distance, (d) => d < 0),
    beach: withSmallBeach ? select(strip, (inside) => inside === 1) : new Int32Array(0),
  };
}

/** The sea from edge to edge. */
export function drawOpenSea(size: number): Coast {
  const distance = new Float32Array(size * size).fill(-size);
  return { distance, sea: select(distance, () => true), beach: new Int32Array(0) };
}
