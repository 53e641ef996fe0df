/** BigEarthNet v1 (Sumbul et al. 2019): Sentinel-2 L2A patches of 1.2 km as distributed, one GeoTIFF per band. */
import { join } from 'node:path';
import { requireChoice } from '../check.js';
import { type Fail, failAt } from '../error.js';
import { classes19, classes43, classIndices } from './bigEarthNet/labels.js';
import { type PatchMetadata, readPatchMetadata } from './bigEarthNet/metadata.js';
import { corners, patchSize, readPatchBands, sameCorners } from './bigEarthNet/patchBands.js';
import { isPatchName } from './bigEarthNet/patchNames.js';
import {
  type BandStatistics,
  type Dataset,
  defaultUnits,
  type Georeference,
  type Patch,
  sentinel2Bands,
} from './patch.js';
import { listFolder, noPatches, readNameFile } from './patchFolder.js';
import { type Resampling, resamplings } from './raster/resample.js';
import { assignSplits, listsIn, readLists, type SplitPaths, splitNames } from './splitNames.js';

export interface BigEarthNetOptions {
  /** How 20 m and 60 m bands are brought to the 10 m grid; default: bilinear. */
  readonly resampling?: Resampling;
  /** Default: 19. */
  readonly nomenclature?: 19 | 43;
  /**
   * Paths of CSV files of patch names; default: those of `train.csv`, `val.csv` and `test.csv` that lie in the folder.
   * A patch in none is left out; without lists every patch is in 'test'.
   */
  readonly splits?: SplitPaths;
  /** Paths of CSV files of patches to leave out: seasonal snow, cloud and shadow, no 19-class label. */
  readonly exclude?: readonly string[];
}

/** Published mean and standard deviation of each band over BigEarthNet v1, in reflectance x 10,000. */
export const bigEarthNetStatistics: BandStatistics = {
  mean: [
    340.76769064, 429.9430203, 614.21682446, 590.23569706, 950.68368468, 1792.46290469, 2075.46795189,
    2218.94553375, 2266.46036911, 2246.0605464, 1594.42694882, 1009.32729131,
  ],
  deviation: [
    554.81258967, 572.41639287, 582.87945694, 675.88746967, 729.89827633, 1096.01480586, 1273.45393088,
    1365.45589904, 1356.13789355, 1302.3292881, 1079.19066363, 818.86747235,
  ],
};

/** What the official lists are called. */
const officialLists = { train: 'train.csv', validation: 'val.csv', test: 'test.csv' };

const fetchAgain = 'Extract the patch again from the BigEarthNet v1.0 archive, or take it out of the folder.';

/**
 * Opens a folder of BigEarthNet v1 patch folders. Only their names are read now; `read` reads one patch.
 *
 * Patches are sorted by name. Images are [12, 120, 120] in the order of `sentinel2Bands`, digital numbers
 * (reflectance x 10,000) as stored; no patch is scaled or clipped. With 19 classes a patch whose CORINE names
 * have no counterpart has no labels.
 * @throws InputError if the folder holds no patches, a list is missing or wrong, or an option is unknown
 */
export async function openBigEarthNet(folder: string, options: BigEarthNetOptions = {}): Promise<Dataset> {
  const { resampling = 'bilinear', nomenclature = 19, exclude = [] } = options;
  const { splits = listsIn(folder, officialLists) } = options;
  requireChoice('resampling', resampling, resamplings, 'BigEarthNet v1');
  requireChoice('nomenclature', nomenclature, [19, 43], 'BigEarthNet v1');
  const lists = await readLists(splits, readPatchList, 'BigEarthNet, option `splits`');
  const patches = await leaveOut(await listPatches(folder), exclude);
  const { total, count, nameOf, find } = splitNames(assignSplits(patches, lists), folder);
  if (total === 0) {
    const todo =
      'Check that the lists are of BigEarthNet v1.0 and that the folder holds the patches they name.';
    throw failAt(folder, todo)('no patch of the folder is left after the split and exclusion lists');
  }
  return {
    ...{ name: 'BigEarthNet v1', bands: sentinel2Bands, rendered: false, size: patchSize },
    ...{ units: defaultUnits, statistics: bigEarthNetStatistics, folder, count, nameOf, find },
    classes: nomenclature === 43 ? classes43 : classes19,
    read: async (split, index) => readPatch(folder, nameOf(split, index), resampling, nomenclature),
    readLabels: async (split, index) => {
      const name = nameOf(split, index);
      const path = join(folder, name, `${name}_labels_metadata.json`);
      return classIndices((await readPatchMetadata(path, fetchAgain)).labels, nomenclature);
    },
  };
}

/** The names of the patch folders in `folder`, sorted; other entries are passed over. */
async function listPatches(folder: string): Promise<readonly string[]> {
  const todo = 'Name the folder that holds the patch folders, usually "BigEarthNet-v1.0".';
  const entries = await listFolder(folder, todo);
  const patches = entries.filter(isPatchName).sort();
  if (patches.length > 0) return patches;
  const like = 'folders named like S2A_MSIL2A_20170613T101031_87_48';
  throw noPatches(folder, { of: 'BigEarthNet v1', like, todo }, entries);
}

/** The names in the first column of a CSV file, with or without a heading: the official splits, what is best left out. */
export const readPatchList = (path: string): Promise<ReadonlySet<string>> =>
  readNameFile(path, {
    of: 'BigEarthNet v1',
    like: 'S2A_MSIL2A_20170613T101031_87_48',
    parse(line) {
      const name = line.split(',', 1)[0].replaceAll('"', '').trim();
      return isPatchName(name) ? name : undefined;
    },
  });

async function leaveOut(patches: readonly string[], exclude: readonly string[]): Promise<readonly string[]> {
  const excluded: ReadonlySet<string>[] = [];
  for (const path of exclude) excluded.push(await readPatchList(path));
  return patches.filter((name) => !excluded.some((list) => list.has(name)));
}

async function readPatch(
  folder: string,
  name: string,
  resampling: Resampling,
  nomenclature: 19 | 43,
): Promise<Patch> {
  const stem = join(folder, name, name);
  const path = `${stem}_labels_metadata.json`;
  const metadata = await readPatchMetadata(path, fetchAgain);
  const { image, georeference } = await readPatchBands(stem, { resampling, todo: fetchAgain });
  if (georeference !== undefined) checkAgainstMetadata(georeference, metadata, failAt(path, fetchAgain));
  const { projection, facts, labels } = metadata;
  return {
    ...{ name, image, bands: sentinel2Bands, labels: classIndices(labels, nomenclature) },
    ...(georeference && {
      georeference: { ...georeference, ...(projection === undefined ? {} : { projection }) },
    }),
    facts,
  };
}

function checkAgainstMetadata(reference: Georeference, metadata: PatchMetadata, fail: Fail): void {
  const { coordinates, epsg } = metadata;
  const expected = corners(reference, patchSize);
  if (coordinates !== undefined && !sameCorners(expected, coordinates)) {
    throw fail(
      'the coordinates disagree with the GeoTIFF of band B02',
      `[ulx, uly, lrx, lry] = [${expected.join(', ')}]`,
      `[${coordinates.join(', ')}]`,
    );
  }
  if (epsg !== undefined && reference.epsg !== undefined && epsg !== reference.epsg) {
    const what = 'the projection disagrees with the GeoTIFF of band B02';
    throw fail(what, `EPSG ${reference.epsg}`, `EPSG ${epsg}`);
  }
}
