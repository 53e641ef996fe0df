/** A multi-band GeoTIFF to try things on, made of an image of a data set. */
import { join, resolve } from 'node:path';
import { openDataset } from '../dataset/openDataset.js';
import type { Dataset, Georeference, Patch } from '../dataset/patch.js';
import { writeGeoTiff } from '../dataset/raster/geoTiffWriter.js';
import { isUrl } from '../io/byteSource.js';
import { projectFolder } from '../io/projectFolder.js';

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

export interface OwnImage {
  readonly path: string;
  /** Where it comes from, in words. */
  readonly origin: string;
  /** Whether its place on Earth is made up: rendered scenes lie nowhere. */
  readonly isPlaceInvented: boolean;
}

/** Writes the first test image with at least three labels as one GeoTIFF with all its bands. */
export async function writeSample(dataset: Dataset, path: string): Promise<OwnImage> {
  const { name, image, bands: bandNames, labels, georeference } = await chooseSample(dataset);
  const [bands, height, width] = image.shape;
  const place = georeference ?? inventedPlace;
  await writeGeoTiff(path, image.data, {
    ...{ bands, height, width, bandNames },
    georeference: place,
  });
  const kind = dataset.rendered ? 'a rendered scene, not real imagery' : dataset.name;
  const placed = georeference === undefined ? ' at a made-up place' : '';
  const names = labels.map((label) => dataset.classes[label]).join(', ') || 'none';
  return {
    path,
    origin: `${name}, ${kind}${placed}; labels: ${names}`,
    isPlaceInvented: georeference === undefined,
  };
}

/**
 * The image to explain: the user's file, or a sample of a data set where none is named.
 * @param image path of a GeoTIFF, relative to the repository, or its address on the web; '' for a sample
 * @param dataset `scenes`, or `<kind>:<folder>`: what the sample is made of
 */
export async function findImage(image: string, dataset: string): Promise<OwnImage> {
  if (image === '') {
    return writeSample(
      await openDataset(dataset, { base: projectFolder }),
      join(projectFolder, 'results/own/sample.tif'),
    );
  }
  const path = isUrl(image) ? image : resolve(projectFolder, image);
  return { path, origin: image, isPlaceInvented: false };
}
