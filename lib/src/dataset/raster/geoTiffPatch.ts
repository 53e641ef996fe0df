/** A multi-band GeoTIFF of the user's as a patch: its bands named, chosen, and cut to a window. */
import { basename } from 'node:path';
import { InputError } from '../../error.js';
import { type Tensor, zeros } from '../../tensor.js';
import { type Patch, sentinel2Bands } from '../patch.js';
import { type GeoTiff, readWholeGeoTiff } from './geoTiff.js';
import { type PixelWindow, requireInside } from './tiffLayout.js';

export interface GeoTiffPatchOptions {
  /** Names of the file's bands, in its order: GeoTIFF itself has no names. The 12 of Sentinel-2 L2A unless told. */
  readonly bands?: readonly string[];
  /** The bands wanted, in this order; all, in the file's order, unless told. */
  readonly select?: readonly string[];
  /** The part wanted, such as the size that a network takes; the whole image unless told. */
  readonly window?: PixelWindow;
  /** Pixel values are multiplied by this to become reflectance x 10,000: 10,000 for a file of reflectances. */
  readonly scale?: number;
  /** Added after that: -1000 for Level-2A digital numbers of 2022 and later (processing baseline 04.00). */
  readonly offset?: number;
}

/**
 * Reads a GeoTIFF whose bands share one grid as a patch without labels: image [bands, height, width] in
 * reflectance x 10,000, and where the window lies on Earth. Samples may be interleaved or band by band.
 * @throws InputError where the file is missing, damaged or too large, holds another number of bands, or the window
 *   lies outside
 */
export async function readGeoTiffPatch(
  path: string,
  { bands = sentinel2Bands, select = bands, window: wanted, scale = 1, offset = 0 }: GeoTiffPatchOptions = {},
): Promise<Patch> {
  const file = await readWholeGeoTiff(path);
  requireBands(file, path, bands, select);
  const part = wanted ?? { column: 0, row: 0, width: file.width, height: file.height };
  requireInside(part, file, path);
  const image = cut(
    file,
    select.map((name) => bands.indexOf(name)),
    part,
  );
  for (let i = 0; i < image.data.length; i++) image.data[i] = image.data[i] * scale + offset;
  const { georeference } = file;
  return {
    name: basename(path),
    image,
    bands: [...select],
    labels: [],
    ...(georeference !== undefined && {
      georeference: {
        ...georeference,
        left: georeference.left + part.column * georeference.pixelSize[0],
        top: georeference.top - part.row * georeference.pixelSize[1],
      },
    }),
  };
}

/** Throws unless each band of the file has a name of its own, and each wanted band is among them. */
function requireBands(
  { samples }: GeoTiff,
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

function cut(file: GeoTiff, samples: readonly number[], { column, row, width, height }: PixelWindow): Tensor {
  const image = zeros([samples.length, height, width]);
  for (const [band, sample] of samples.entries()) {
    for (let y = 0; y < height; y++) {
      const start = (sample * file.height + row + y) * file.width + column;
      image.data.set(file.pixels.subarray(start, start + width), (band * height + y) * width);
    }
  }
  return image;
}
