/** Explains an image larger than the network's input, tile by tile, into one georeferenced GeoTIFF. */

import { requireCount } from '../check.js';
import { createGeoTiff } from '../dataset/raster/geoTiffWriter.js';
import type { LargeImage } from '../dataset/raster/largeImage.js';
import { blendTiles, tilesOf } from '../dataset/raster/tiles.js';
import { failAt } from '../error.js';
import { withLock } from '../io/lock.js';
import type { Progress } from '../io/progress.js';
import type { Classifier } from '../model/classifier.js';
import type { Method } from './attribution.js';
import { explainTargets } from './explain.js';

export interface LargeImageExplanation {
  /** The classes to explain, as indices into the classifier's. */
  readonly targets: readonly number[];
  readonly methods: readonly Method[];
  /** Pixels that neighbouring tiles share (default: a quarter of a tile). */
  readonly overlap?: number;
  readonly createProgress?: (steps: readonly string[]) => Progress;
  readonly signal?: AbortSignal;
}

export interface ExplainedImage {
  readonly tiles: number;
  /** For each class its score, then its relevance by each method: "Forest / score", "Forest / Grad-CAM". */
  readonly bandNames: readonly string[];
}

/**
 * Writes for each class the score of the tiles and the relevance by each method, reduced over the bands as the method is
 * shown. Values are not scaled per tile, so that they can be compared across the image; overlaps are blended by
 * `tileWeights`. Memory holds one row of tiles. The file appears whole or not at all.
 * @throws InputError where the image is smaller than the network's input or has other bands, or the file cannot be
 *   written; the signal's reason when stopped
 */
export function explainLargeImage(
  image: LargeImage,
  classifier: MapClassifier,
  path: string,
  explanation: LargeImageExplanation,
): Promise<ExplainedImage> {
  return withLock(path, 'file', () => explainLocked(image, classifier, path, explanation));
}

type MapClassifier = Pick<Classifier, 'bands' | 'classes' | 'size' | 'prepare' | 'score'>;

async function explainLocked(
  image: LargeImage,
  classifier: MapClassifier,
  path: string,
  { targets, methods, overlap, createProgress, signal }: LargeImageExplanation,
): Promise<ExplainedImage> {
  const [tileHeight, tileWidth] = classifier.size;
  const { width, height, georeference } = image;
  if (width < tileWidth || height < tileHeight) {
    throw failAt(image.name)(
      "the image is smaller than the network's input",
      `at least ${tileWidth} x ${tileHeight} pixels`,
      `${width} x ${height}`,
    );
  }
  requireCount(targets.length, 'explainLargeImage, classes');
  const unknown = targets.find((target) => classifier.classes[target] === undefined);
  if (unknown !== undefined) {
    throw failAt('explainLargeImage')('no such class', undefined, `${unknown}`);
  }
  const bandNames = targets.flatMap((target) =>
    ['score', ...methods.map(({ name }) => name)].map((name) => `${classifier.classes[target]} / ${name}`),
  );
  const grid = {
    ...{ width, height, tileWidth, tileHeight },
    overlap: overlap ?? Math.floor(Math.min(tileWidth, tileHeight) / 4),
  };
  const tiles = tilesOf(grid).length;
  const sink = await createGeoTiff(path, {
    ...{ bands: bandNames.length, height, width, bandNames },
    ...(georeference && { georeference }),
  });
  const progress = createProgress?.(Array.from({ length: tiles }, () => 'tile'));
  let done = 0;
  try {
    const mapTile = async (window: Parameters<LargeImage['read']>[0]): Promise<Float32Array[]> => {
      signal?.throwIfAborted();
      progress?.start('tile', `tile ${++done} of ${tiles}`);
      const input = classifier.prepare(await image.read(window));
      const { data: scores } = await classifier.score(input);
      const byMethod: Float32Array[][] = [];
      for (const method of methods) {
        const explained = await explainTargets(method, input, targets);
        byMethod.push(explained.map(({ map }) => map.data));
      }
      progress?.done();
      return targets.flatMap((target, i) => [
        new Float32Array(tileWidth * tileHeight).fill(scores[target]),
        ...byMethod.map((maps) => maps[i]),
      ]);
    };
    await blendTiles(grid, bandNames.length, mapTile, (rows) => sink.write(rows));
    await sink.commit();
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  } finally {
    progress?.finish();
  }
  return { tiles, bandNames };
}
