/** `scenes`: Sentinel-2-like patches rendered from a seed, with a mask per class and biases planted at known rates. */
import { requireChoice } from '../check.js';
import { failAt } from '../error.js';
import { createRandom, type Random, requireSeed } from '../random.js';
import {
  type BandStatistics,
  type Dataset,
  defaultUnits,
  type Patch,
  type Split,
  sentinel2Bands,
} from './patch.js';
import {
  classIndex,
  type LandClass,
  labelThreshold,
  type SceneClass,
  sceneClasses,
} from './scenes/classes.js';
import {
  type Coast,
  drawBeachCoast,
  drawHamlet,
  drawOpenSea,
  drawRockyCoast,
  type Layout,
  layOutLand,
} from './scenes/layout.js';
import {
  type Canvas,
  createCanvas,
  createTexture,
  paint,
  paintRoad,
  paintSea,
  youngPlantationRate,
} from './scenes/paint.js';
import { drawAtmosphere, drawCloudShadow, renderBands, stripeCorner } from './scenes/render.js';
import { numberedNames } from './splitNames.js';

/** How often each planted thing occurs. */
export const plantedRates = {
  /** Share of the images labelled Beaches, dunes, sands that hold Marine waters; the others are inland dunes. */
  marineBesideBeach: 0.79,
  /** Share of the rocky coasts that have a narrow beach. */
  narrowBeach: 0.8,
  /** Share of the narrow beaches without the label that they deserve. */
  unlabelledBeach: 0.25,
  /** Share of the images that a hamlet is drawn in, if they have no urban region. */
  hamlet: 0.2,
  /** Share of the hamlets without the label Urban fabric that they deserve. */
  unlabelledUrban: 0.25,
  /** Share of the test images with a cloud's shadow. */
  cloudShadow: 0.04,
  /** Share of the training and validation images with one: they were chosen for clear skies. */
  cloudShadowInTraining: 0.002,
  /** Share of the images labelled Permanent crops with the sensor artefact. */
  artefactInPermanentCrops: 0.6,
  /** Share of all other images with the sensor artefact. */
  artefactElsewhere: 0.01,
  /** Share of the stretches of permanent crops that look like arable land: there only the artefact gives them away. */
  youngPlantation: youngPlantationRate,
  /**
   * Share of all images with a bare strip that looks like a beach and is sparsely vegetated ground, beside some 0.02
   * with inland dunes: only the sea tells a beach for certain.
   */
  gravelBed: 0.05,
} as const;

const plantingChoices = ['planted', 'always', 'never'] as const;

/** As the data set plants it, in every image that can have it, or in none. */
export type Planting = (typeof plantingChoices)[number];

export interface ScenesOptions {
  readonly seed?: number;
  /** Side in pixels of 10 m: a multiple of 6, at least 48. Smaller patches show less ground, not coarser ground. */
  readonly size?: number;
  readonly counts?: Readonly<Record<Split, number>>;
  /** Column stripes in the 20 m bands of the upper right corner. */
  readonly artefact?: Planting;
  readonly cloudShadow?: Planting;
  /** Whether the labelled beaches lie at the sea. */
  readonly marineBesideBeach?: Planting;
}

/** Mean and standard deviation of the first 500 training patches of the default options, in reflectance x 10,000. */
const statistics: BandStatistics = {
  mean: [407.6, 449, 622.4, 586.9, 904.2, 1668.8, 1946.6, 2058.8, 2147, 2145.9, 1681.8, 1067.9],
  deviation: [205.2, 244.5, 285.6, 358.7, 411.4, 761.5, 932.8, 988.5, 1024.8, 991.8, 813.9, 633],
};

/**
 * Rendered, not real, patches of 12 Sentinel-2 bands and 14 classes. Every patch depends on (seed, split, index)
 * alone, and each of its layers has its own random numbers: switching a planted thing leaves all pixels outside its
 * mask as they were. (The sea's switch also reaches over the shore as far as the bands are mixed there: 1 pixel in
 * the 10 m bands, 2 in the 20 m bands, 8 in the 60 m bands.)
 *
 * Labels: every class whose mask covers 4 % of the image (beaches: 2 %), not counting what `planted` lists as
 * unlabelled. Masks: each pixel belongs to exactly one class. `planted` may hold `sensorArtefact`, `cloudShadow`
 * (every pixel that it darkens at all), `unlabelledBeach`, `unlabelledUrban`.
 *
 * Throws InputError for options or an index out of range.
 */
export function scenes({
  seed = 0,
  size = 120,
  counts = { train: 20000, validation: 1000, test: 1000 },
  artefact = 'planted',
  cloudShadow = 'planted',
  marineBesideBeach = 'planted',
}: ScenesOptions = {}): Dataset {
  requireSeed(seed, 'scenes, seed');
  if (!(Number.isSafeInteger(size) && size >= 48 && size % 6 === 0)) {
    throw failAt('scenes')('size is not usable', 'a multiple of 6 from 48', `${size}`);
  }
  for (const [name, value] of Object.entries({ artefact, cloudShadow, marineBesideBeach }))
    requireChoice(`choice for ${name}`, value, plantingChoices, 'scenes');
  const { count, nameOf, find } = numberedNames(`scenes-${seed}`, counts, 'scenes');
  return {
    name: 'scenes',
    bands: sentinel2Bands,
    classes: sceneClasses,
    rendered: true,
    size,
    units: defaultUnits,
    statistics,
    ...{ count, nameOf, find },
    read: async (split, index) => ({
      name: nameOf(split, index),
      ...renderScene([seed, split, index], size, { artefact, cloudShadow, marineBesideBeach }),
    }),
  };
}

type Plantings = Required<Pick<ScenesOptions, 'artefact' | 'cloudShadow' | 'marineBesideBeach'>>;

/** Whether a thing is there, given its planted rate; always uses up one random number. */
function isPlanted(planting: Planting, random: Random, rate: number): boolean {
  const planted = random.chance(rate);
  return planting === 'planted' ? planted : planting === 'always';
}

function renderScene(
  key: readonly (number | string)[],
  size: number,
  plantings: Plantings,
): Omit<Patch, 'name'> {
  const stream = (layer: string): Random => createRandom(...key, layer);
  const canvas = createCanvas(size);
  const texture = createTexture(stream('texture'), size);
  const layout = layOutLand(stream('layout'), size);
  const land = stream('land');
  for (const { cover, pixels } of layout.regions) paint(canvas, cover, pixels, texture, land);
  paintRoad(canvas, layout.roads, land);

  const planted: Record<string, Uint8Array> = {};
  if (layout.regions.every(({ cover }) => cover !== 'Urban fabric')) {
    const hamlet = stream('hamlet');
    if (hamlet.chance(plantedRates.hamlet)) {
      const isUnlabelled = hamlet.chance(plantedRates.unlabelledUrban);
      const pixels = drawHamlet(hamlet, size);
      paint(canvas, 'Urban fabric', pixels, texture, hamlet);
      if (isUnlabelled) planted.unlabelledUrban = maskOf(pixels, size);
    }
  }
  const water = stream('water');
  paint(canvas, 'Inland waters', layout.lakes, texture, water);
  paint(canvas, 'Inland waters', layout.rivers, texture, water);

  const coast = drawCoast(layout, stream('coast'), size, plantings.marineBesideBeach);
  if (coast !== undefined) {
    if (coast.hasSea) paintSea(canvas, coast, texture, stream('sea'));
    const ground: LandClass =
      layout.coast === 'gravelBed'
        ? 'Natural grassland and sparsely vegetated areas'
        : 'Beaches, dunes, sands';
    paint(canvas, ground, coast.beach, texture, stream('sand'), 'Beaches, dunes, sands');
    if (coast.isUnlabelled) planted.unlabelledBeach = maskOf(coast.beach, size);
  }
  keepMissing(planted, 'unlabelledUrban', canvas, 'Urban fabric');
  keepMissing(planted, 'unlabelledBeach', canvas, 'Beaches, dunes, sands');

  const labels = findLabels(canvas, planted);
  const shadow = stream('cloudShadow');
  const shadowRate = key[1] === 'test' ? plantedRates.cloudShadow : plantedRates.cloudShadowInTraining;
  const depth = isPlanted(plantings.cloudShadow, shadow, shadowRate)
    ? drawCloudShadow(shadow, size)
    : undefined;
  const { data, shadowMask } = renderBands(
    canvas,
    drawAtmosphere(stream('atmosphere'), size),
    stream('noise'),
    depth,
  );
  if (shadowMask !== undefined) planted.cloudShadow = shadowMask;
  const artefactRate = labels.includes(classIndex('Permanent crops'))
    ? plantedRates.artefactInPermanentCrops
    : plantedRates.artefactElsewhere;
  if (isPlanted(plantings.artefact, stream('artefact'), artefactRate))
    planted.sensorArtefact = stripeCorner(data, size);

  return {
    image: { data, shape: [sentinel2Bands.length, size, size] },
    bands: sentinel2Bands,
    labels,
    masks: masksOf(canvas),
    planted,
    facts: { rendered: true, landscape: layout.landscape },
  };
}

interface ShownCoast extends Coast {
  readonly hasSea: boolean;
  /** Whether the beach is left out of the labels. */
  readonly isUnlabelled?: boolean;
}

/** The coast of a scene that has one; a beach whose sea is switched off stays where it is, as inland dunes. */
function drawCoast(
  { coast }: Layout,
  random: Random,
  size: number,
  marineBesideBeach: Planting,
): ShownCoast | undefined {
  switch (coast) {
    case undefined:
      return undefined;
    case 'openSea':
      return { ...drawOpenSea(size), hasSea: true };
    case 'rocky': {
      const isUnlabelled = random.chance(plantedRates.unlabelledBeach);
      const hasBeach = random.chance(plantedRates.narrowBeach);
      return {
        ...drawRockyCoast(random, size, hasBeach),
        hasSea: true,
        isUnlabelled: isUnlabelled && hasBeach,
      };
    }
    case 'gravelBed':
      return { ...drawBeachCoast(random, size), hasSea: false };
    case 'beach': {
      const hasSea = isPlanted(marineBesideBeach, random, plantedRates.marineBesideBeach);
      return { ...drawBeachCoast(random, size), hasSea };
    }
  }
}

function maskOf(pixels: Int32Array, size: number): Uint8Array {
  const mask = new Uint8Array(size * size);
  for (const p of pixels) mask[p] = 1;
  return mask;
}

/**
 * Takes from the mask of a missing label, in place, what was painted over since; drops the mask where too little is
 * left for the label to be missed.
 */
function keepMissing(
  planted: Record<string, Uint8Array>,
  name: string,
  { cover }: Canvas,
  missing: SceneClass,
): void {
  const mask = planted[name];
  if (mask === undefined) return;
  let left = 0;
  for (let p = 0; p < mask.length; p++) {
    if (cover[p] !== classIndex(missing)) mask[p] = 0;
    left += mask[p];
  }
  if (left < labelThreshold(missing) * mask.length) delete planted[name];
}

function findLabels(
  { cover }: Canvas,
  { unlabelledBeach, unlabelledUrban }: Record<string, Uint8Array>,
): number[] {
  const covered = new Array<number>(sceneClasses.length).fill(0);
  for (let p = 0; p < cover.length; p++)
    if (unlabelledBeach?.[p] !== 1 && unlabelledUrban?.[p] !== 1) covered[cover[p]]++;
  return sceneClasses.flatMap((name, i) => (covered[i] >= labelThreshold(name) * cover.length ? [i] : []));
}

/** One 0/1 mask per class: [classes, size, size]. */
function masksOf({ cover }: Canvas): Uint8Array {
  const masks = new Uint8Array(sceneClasses.length * cover.length);
  for (let p = 0; p < cover.length; p++) masks[cover[p] * cover.length + p] = 1;
  return masks;
}
