/** A multi-band GeoTIFF of the user's as a patch: its bands named, chosen, and cut to a window. */
import { basename } from 'node:path';
import { InputError } from '../../error.js';
import { isUrl } from '../../io/byteSource.js';
import { type Patch, sentinel2Bands } from '../patch.js';
import { openGeoTiff } from './geoTiff.js';
import { cornerOf } from './geoTiffFacts.js';
import type { PixelWindow } from './tiffLayout.js';

export interface GeoTiffPatchOptions {
  /** Names of the file's bands, in its order: GeoTIFF itself has no names. Default: the 12 of Sentinel-2 L2A. */
  readonly bands?: readonly string[];
  /** The bands wanted, in this order; default: all, in the file's order. */
  readonly select?: readonly string[];
  /** The part wanted, such as the size that a network takes; default: the whole image. */
  readonly window?: PixelWindow;
  /** Pixel values are multiplied by this to become reflectance x 10,000: 10,000 for a file of reflectances. */
  readonly scale?: number;
  /** Added after that: -1000 for Level-2A digital numbers of 2022 and later (processing baseline 04.00). */
  readonly offset?: number;
}

/**
 * Reads a GeoTIFF whose bands share one grid as a patch without labels: image [bands, height, width] in reflectance x
 * 10,000, and where the window lies on Earth. Only the strips or tiles of the window are read, of a file on the web too.
 * @param path a file, or an address that begins with http:// or https://
 * @throws InputError if the file is missing, damaged or too large, holds another number of bands, or the window lies
 *   outside
 */
export async function readGeoTiffPatch(
  path: string,
  { bands = sentinel2Bands, select = bands, window: wanted, scale = 1, offset = 0 }: GeoTiffPatchOptions = {},
): Promise<Patch> {
  const file = await openGeoTiff(path);
  try {
    const { width, height, samples, georeference } = file;
    requireBands(samples, path, bands, select);
    const part = wanted ?? { column: 0, row: 0, width, height };
    const data = await file.read(
      part,
      select.map((name) => bands.indexOf(name)),
    );
    for (let i = 0; i < data.length; i++) data[i] = data[i] * scale + offset;
    return {
      name: fileName(path),
      image: { data, shape: [select.length, part.height, part.width] },
      bands: [...select],
      labels: [],
      ...(georeference && { georeference: cornerOf(georeference, part) }),
    };
  } finally {
    await file.close();
  }
}

/** The name of a file, without what comes before and, of an address, after it. */
export const fileName = (path: string): string => basename(isUrl(path) ? new URL(path).pathname : path);

/** InputError unless each band of the file has a name of its own, and each wanted band is among them. */
function requireBands(
  samples: number,
  path: string,
  bands: readonly string[],
  select: readonly string[],
): void {
  if (bands.length !== samples || new Set(bands).size !== samples) {
    throw new InputError({
      what: 'the file has another number of bands',
      where: path,
      expected: `${bands.length}, each once: ${bands.join(' ')}`,
      got: `${samples}`,
      todo: 'Name the bands of the file, in its order: option `bands`.',
    });
  }
  const missing = select.filter((name) => !bands.includes(name));
  if (missing.length > 0 || select.length === 0) {
    throw new InputError({
      what: 'a wanted band is not in the file',
      where: path,
      expected: `some of ${bands.join(' ')}`,
      got: missing.join(' ') || 'none',
    });
  }
}
