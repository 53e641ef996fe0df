/** A multi-band GeoTIFF to try things on, made of an image of a data set. */
import { join } from 'node:path';
import { writeGeoTiff } from '../dataset/geoTiffWriter.js';
import type { Dataset, Georeference, Patch } from '../dataset/patch.js';
import { repositoryRoot } from './options.js';

/** On the grid of Sentinel-2's tiles, in UTM zone 33N: a place that an image without one is given. */
const inventedPlace: Georeference = { epsg: 32633, left: 399960, top: 5000040, pixelSize: [10, 10] };

const searched = 200;

/** The first test image with at least three labels, else the first one. */
async function chooseSample(dataset: Dataset): Promise<Patch> {
  for (let index = 0; index < Math.min(searched, dataset.count('test')); index++) {
    const patch = await dataset.read('test', index);
    if (patch.labels.length >= 3) return patch;
  }
  return dataset.read('test', 0);
}

export interface Sample {
  readonly path: string;
  /** Name of the image. */
  readonly name: string;
  /** Names of its classes. */
  readonly labels: readonly string[];
  /** Whether its place on Earth is made up: rendered scenes lie nowhere. */
  readonly isPlaceInvented: boolean;
}

/** Writes the first test image with at least three labels as one GeoTIFF with all its bands. */
export async function writeSample(
  dataset: Dataset,
  path: string = join(repositoryRoot, 'results/own/sample.tif'),
): Promise<Sample> {
  const { name, image, labels, georeference } = await chooseSample(dataset);
  const [bands, height, width] = image.shape;
  await writeGeoTiff(path, image.data, {
    ...{ bands, height, width },
    georeference: georeference ?? inventedPlace,
  });
  return {
    path,
    name,
    labels: labels.map((label) => dataset.classes[label]),
    isPlaceInvented: georeference === undefined,
  };
}
