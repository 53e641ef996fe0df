/** Where things are in a scene: regions of land cover, waters, hamlets, roads and the coast. */
import type { Random } from '../../random.js';
import type { LandClass } from './classes.js';
import { smoothNoise } from './noise.js';

type Weights = Partial<Record<LandClass, number>>;

/** A kind of landscape: what it always holds, what may stand beside it, and how often it has waters. */
interface Landscape {
  /** Share of the data set. */
  readonly weight: number;
  readonly core: readonly LandClass[];
  readonly beside: Weights;
  readonly lake: number;
  readonly river: number;
  readonly coast?: 'rocky' | 'beach' | 'gravelBed' | 'openSea';
}

const landscapes = {
  farmland: {
    weight: 0.16,
    core: ['Arable land'],
    beside: {
      Pastures: 2,
      'Broad-leaved forest': 2,
      'Urban fabric': 1.6,
      'Permanent crops': 0.8,
      'Transitional woodland, shrub': 0.7,
      'Coniferous forest': 0.6,
    },
    lake: 0.06,
    river: 0.18,
  },
  grazing: {
    weight: 0.1,
    core: ['Pastures'],
    beside: {
      'Arable land': 2,
      'Broad-leaved forest': 2,
      'Coniferous forest': 0.8,
      'Natural grassland and sparsely vegetated areas': 1,
      'Moors, heathland and sclerophyllous vegetation': 0.8,
      'Urban fabric': 0.6,
      'Inland wetlands': 0.4,
    },
    lake: 0.06,
    river: 0.15,
  },
  orchards: {
    weight: 0.12,
    core: ['Permanent crops'],
    beside: {
      'Arable land': 2,
      'Urban fabric': 1,
      'Broad-leaved forest': 1,
      'Transitional woodland, shrub': 1,
      'Natural grassland and sparsely vegetated areas': 1,
      Pastures: 0.5,
    },
    lake: 0.04,
    river: 0.1,
  },
  woodland: {
    weight: 0.13,
    core: [],
    beside: {
      'Coniferous forest': 3,
      'Broad-leaved forest': 3,
      'Transitional woodland, shrub': 2,
      'Inland wetlands': 0.8,
      Pastures: 1,
    },
    lake: 0.2,
    river: 0.1,
  },
  upland: {
    weight: 0.1,
    core: [],
    beside: {
      'Moors, heathland and sclerophyllous vegetation': 3,
      'Natural grassland and sparsely vegetated areas': 3,
      'Coniferous forest': 1.5,
      'Transitional woodland, shrub': 1.5,
      'Inland wetlands': 1,
      Pastures: 0.7,
    },
    lake: 0.12,
    river: 0.06,
  },
  town: {
    weight: 0.1,
    core: ['Urban fabric'],
    beside: {
      'Industrial or commercial units': 4,
      'Arable land': 2,
      Pastures: 1.5,
      'Broad-leaved forest': 1.5,
      'Permanent crops': 0.5,
    },
    lake: 0.05,
    river: 0.2,
  },
  mire: {
    weight: 0.05,
    core: ['Inland wetlands'],
    beside: {
      'Coniferous forest': 2,
      'Transitional woodland, shrub': 1.5,
      'Moors, heathland and sclerophyllous vegetation': 1.5,
      Pastures: 1,
    },
    lake: 0.3,
    river: 0.1,
  },
  rockyCoast: {
    weight: 0.07,
    core: [],
    beside: {
      'Urban fabric': 1.5,
      'Industrial or commercial units': 0.7,
      Pastures: 1.5,
      'Arable land': 1,
      'Permanent crops': 0.8,
      'Moors, heathland and sclerophyllous vegetation': 1.5,
      'Natural grassland and sparsely vegetated areas': 1.5,
      'Transitional woodland, shrub': 1,
      'Coniferous forest': 0.7,
    },
    lake: 0,
    river: 0,
    coast: 'rocky',
  },
  // No permanent crops here: the sensor artefact must not depend on whether the sea hides them.
  beach: {
    weight: 0.09,
    core: [],
    beside: {
      'Natural grassland and sparsely vegetated areas': 2,
      'Moors, heathland and sclerophyllous vegetation': 2,
      'Coniferous forest': 1.5,
      'Urban fabric': 1.5,
      Pastures: 1,
      'Inland wetlands': 0.6,
    },
    lake: 0.05,
    river: 0,
    coast: 'beach',
  },
  // A bare strip like a beach without sea, but sparsely vegetated ground: only the sea tells a beach for certain.
  gravelBed: {
    weight: 0.05,
    core: [],
    beside: {
      'Natural grassland and sparsely vegetated areas': 2,
      'Moors, heathland and sclerophyllous vegetation': 2,
      'Coniferous forest': 1.5,
      'Urban fabric': 1.5,
      Pastures: 1,
      'Inland wetlands': 0.6,
    },
    lake: 0.05,
    river: 0,
    coast: 'gravelBed',
  },
  openSea: { weight: 0.03, core: ['Pastures'], beside: {}, lake: 0, river: 0, coast: 'openSea' },
} as const satisfies Record<string, Landscape>;

export type LandscapeName = keyof typeof landscapes;

const landscapeEntries = Object.entries<Landscape>(landscapes);

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

function weightedClasses(weights: Weights): [LandClass, number][] {
  const keys = Object.keys(weights) as LandClass[];
  return keys.map((name) => [name, weights[name] ?? 0]);
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
    landscapeEntries.map((entry) => [entry, entry[1].weight] as const),
  );
  const classes = new Set<LandClass>(core);
  const wanted = core.length + 1 + random.integer(3);
  const candidates = weightedClasses(beside);
  while (classes.size < Math.min(wanted, candidates.length)) classes.add(pickWeighted(random, candidates));

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
