/** A multi-band GeoTIFF of the user's as a patch: its bands named, chosen, and cut to a window. */
import { type Patch, sentinel2Bands } from '../patch.js';
import { type LargeImageOptions, openImageFile } from './largeImage.js';
import type { PixelWindow } from './tiffLayout.js';

export interface GeoTiffPatchOptions extends Omit<LargeImageOptions, 'resampling'> {
  /** Names of the file's bands, in its order: GeoTIFF itself has no names. Default: the 12 of Sentinel-2 L2A. */
  readonly bands?: readonly string[];
  /** The part wanted, such as the size that a network takes; default: the whole image. */
  readonly window?: PixelWindow;
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
  { bands = sentinel2Bands, window, ...options }: GeoTiffPatchOptions = {},
): Promise<Patch> {
  const file = await openImageFile(path, { bands, ...options });
  try {
    const { name, width, height } = file;
    return { ...(await file.read(window ?? { column: 0, row: 0, width, height })), name };
  } finally {
    await file.close();
  }
}
