/** A labelled multi-band image, where it lies on Earth, and the face that every data set shows. */
import type { Tensor } from '../tensor.js';

/** A larger image is refused: 64 Mi values are 256 MiB in memory. */
export const maximumValues = 64 * 2 ** 20;

/**
 * The 12 Sentinel-2 L2A bands of BigEarthNet, in the order of this library: ground sampling distance in metres, and central
 * wavelength on Sentinel-2A in nanometres (ESA, Sentinel-2 spectral response functions).
 */
const sentinel2 = {
  B01: [60, 443],
  B02: [10, 492],
  B03: [10, 560],
  B04: [10, 665],
  B05: [20, 704],
  B06: [20, 741],
  B07: [20, 783],
  B08: [10, 833],
  B8A: [20, 865],
  B09: [60, 945],
  B11: [20, 1614],
  B12: [20, 2202],
} as const;

type Sentinel2Band = keyof typeof sentinel2;

/** Their names. */
export const sentinel2Bands = Object.keys(sentinel2) as readonly Sentinel2Band[];

const ofBands = <T>(fact: (band: Sentinel2Band) => T) =>
  Object.fromEntries(sentinel2Bands.map((band) => [band, fact(band)])) as Readonly<Record<Sentinel2Band, T>>;

/** Ground sampling distance of each band, in metres. */
export const bandResolution = ofBands((band) => sentinel2[band][0]);

/** Central wavelength of each band, in nanometres. */
export const bandWavelength: Readonly<Record<Sentinel2Band, number>> = ofBands((band) => sentinel2[band][1]);

/** Where the image lies: upper left corner and pixel size in the units of the projection. */
export interface Georeference {
  /** EPSG code of the coordinate reference system, for example 32635. */
  readonly epsg?: number;
  /** The projection as well-known text, where the source gives it. */
  readonly projection?: string;
  /** x (easting) of the left edge of the left column. */
  readonly left: number;
  /** y (northing) of the top edge of the top row. */
  readonly top: number;
  /** Width and height of a pixel, both positive. */
  readonly pixelSize: readonly [number, number];
}

/** How a picture shows values that are no reflectances. */
export interface Display {
  /** Value that is black. */
  readonly low: number;
  /** Value that is white. */
  readonly high: number;
  readonly gamma: number;
}

export interface Patch {
  readonly name: string;
  /** [bands, height, width], reflectance x 10,000 (Sentinel-2 digital numbers), on the 10 m grid. */
  readonly image: Tensor;
  readonly bands: readonly string[];
  /** Indices into the data set's classes, ascending. */
  readonly labels: readonly number[];
  readonly georeference?: Georeference;
  /** Where each class truly is, labelled or not: one 0/1 mask per class [classes, height, width], where known. */
  readonly masks?: Uint8Array;
  /** Where the image holds something planted on purpose, by name: 0/1 masks [height, width], where known. */
  readonly planted?: Readonly<Record<string, Uint8Array>>;
  /** Absent where values are reflectances. */
  readonly display?: Display;
  /** Facts about the patch that a study may want to print, such as its acquisition date. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export type Split = 'train' | 'validation' | 'test';

/** The units of an image unless its data set says otherwise. */
export const defaultUnits = 'reflectance x 10,000';

/** Random access to patches by index; reading one never loads the others. */
export interface Dataset {
  /** For example "scenes" or "BigEarthNet v1". */
  readonly name: string;
  readonly bands: readonly string[];
  readonly classes: readonly string[];
  /** Rendered data must never be mistaken for real imagery. */
  readonly rendered: boolean;
  /** Side of an image in pixels. */
  readonly size: number;
  /** What a pixel's value is, in words: `defaultUnits` for every data set of Sentinel-2. */
  readonly units: string;
  /**
   * Mean and standard deviation of each band, in `units`. InputError from a data set for which none are published and
   * none were computed yet (`bandStatistics`).
   */
  readonly statistics: BandStatistics;
  /** Where the data lies, for a data set that is read from a folder. */
  readonly folder?: string;
  /** How many patches the split holds. */
  count(split: Split): number;
  /** The name that the patch will have, without reading it. */
  nameOf(split: Split, index: number): string | Promise<string>;
  /** Where the patch of that name is; undefined if there is none. */
  find(name: string): { readonly split: Split; readonly index: number } | undefined;
  read(split: Split, index: number): Promise<Patch>;
  /** The labels of one patch alone, where they can be had without its image. */
  readLabels?(split: Split, index: number): Promise<readonly number[]>;
}

export interface BandStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}
