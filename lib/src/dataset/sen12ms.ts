/** SEN12MS (Schmitt et al. 2019): Sentinel-2 L1C patches of 2.56 km as distributed, labelled from their land-cover maps. */
import { join } from 'node:path';
import { type Fail, failAt } from '../error.js';
import { zeros } from '../tensor.js';
import {
  type BandStatistics,
  type Dataset,
  defaultUnits,
  type Georeference,
  type Patch,
  type Split,
  sentinel2Bands,
} from './patch.js';
import { listFolder, noPatches } from './patchFolder.js';
import { requireDigitalNumbers } from './raster/digitalNumbers.js';
import { readGeoTiff, readWholeGeoTiff } from './raster/geoTiff.js';
import { withFolderStatistics } from './savedStatistics.js';
import { labelsOf, masksOf, sen12msClasses } from './sen12ms/classes.js';
import { parsePatchName, readNameList, readSceneList, type Sen12msName } from './sen12ms/names.js';
import {
  assignSplits,
  listsIn,
  type NamesBySplit,
  readLists,
  type SplitList,
  type SplitPaths,
  splitNames,
} from './splitNames.js';

export interface Sen12msOptions {
  /**
   * Paths of text lists of s2 file names, one per line; default: those of `train_list.txt`, `val_list.txt` and
   * `test_list.txt` that lie in the folder. A patch in none is left out.
   */
  readonly splits?: SplitPaths;
  /**
   * Path of the text list of hold-out scenes (lines like ROIs1158_spring/s1_63). Without `splits` their patches are
   * 'test' and all others 'train'; with them, no patch of such a scene may be in another split than 'test'.
   */
  readonly holdOut?: string;
  /** Mean and deviation of the 12 bands; default: those that `bandStatistics` kept in the folder. */
  readonly statistics?: BandStatistics;
}

/** Side of a patch in pixels of 10 m. */
const size = 256;

/** Position of each band of this library in a file: B1 .. B8, B8A, B9, B10, B11, B12. B10, the cirrus band, is left out. */
const samples = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12];
const samplesInFile = 13;

/** What the official lists are called. */
const officialLists = { train: 'train_list.txt', validation: 'val_list.txt', test: 'test_list.txt' };

const fetchAgain = 'Extract the patch again from the SEN12MS archive, or take it out of the folder.';

/**
 * Opens a folder of SEN12MS. Only names are listed now; `read` reads one patch.
 *
 * Patches are sorted by name. Images are [12, 256, 256] in the order of `sentinel2Bands`, digital numbers as stored.
 * They are top-of-atmosphere (L1C), brighter in the blue than BigEarthNet's L2A: a network or statistics of the one do
 * not fit the other. Classes are the 10 of the simplified IGBP scheme; a class is a label where it covers a tenth of
 * the patch, and `masks` says where each class is. Without lists every patch is in 'test'.
 * @throws InputError if the folder holds no patches, a list is missing or wrong, or an option is unknown
 */
export async function openSen12ms(folder: string, options: Sen12msOptions = {}): Promise<Dataset> {
  const { splits = listsIn(folder, officialLists), holdOut } = options;
  const lists = await readLists(splits, readNameList, 'SEN12MS, option `splits`');
  const names = await listPatches(folder);
  const assigned =
    holdOut === undefined ? assignSplits(names, lists) : await assignHoldOut(names, lists, holdOut);
  const { total, count, nameOf, find } = splitNames(assigned, folder);
  if (total === 0) {
    const todo = 'Check that the lists are of SEN12MS and that the folder holds the patches they name.';
    throw failAt(folder, todo)('no patch of the folder is in a split list');
  }
  const facts = {
    ...{ name: 'SEN12MS', bands: sentinel2Bands, classes: sen12msClasses, rendered: false },
    ...{ size, units: defaultUnits, folder, count, nameOf },
    // The lists and the files have the ending, patches do not.
    find: (name: string) => find(name.replace(/\.tif$/, '')),
    read: async (split: Split, index: number) => readPatch(folder, nameOf(split, index)),
    readLabels: async (split: Split, index: number) => {
      const { codes, fail } = await readLandCover(folder, parsePatchName(nameOf(split, index)));
      return labelsOf(codes, fail);
    },
  };
  return withFolderStatistics(facts, { given: options.statistics });
}

/** The names of all patches, sorted: folders of seasons, in them folders of Sentinel-2 scenes, in them the files. */
async function listPatches(folder: string): Promise<readonly string[]> {
  const todo =
    'Name the folder that holds ROIs1158_spring, ROIs1868_summer, ROIs1970_fall or ROIs2017_winter.';
  const entries = await listFolder(folder, todo);
  const names: string[] = [];
  for (const season of entries.filter((entry) => /^ROIs\d{4}_[a-z]+$/.test(entry))) {
    const scenes = (await listFolder(join(folder, season), todo)).filter((entry) =>
      /^s2_(0|[1-9]\d{0,5})$/.test(entry),
    );
    for (const scene of scenes) {
      const prefix = `${season}_${scene}_p`;
      for (const file of await listFolder(join(folder, season, scene), todo)) {
        if (file.startsWith(prefix) && /^(0|[1-9]\d{0,5})\.tif$/.test(file.slice(prefix.length)))
          names.push(file.slice(0, -'.tif'.length));
      }
    }
  }
  if (names.length > 0) return names.sort();
  const like = 'files like ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif';
  throw noPatches(folder, { of: 'SEN12MS', like, todo }, entries);
}

async function assignHoldOut(
  names: readonly string[],
  lists: Readonly<Partial<Record<Split, SplitList>>>,
  path: string,
): Promise<NamesBySplit> {
  const heldOut = await readSceneList(path);
  const isHeldOut = (name: string): boolean => {
    const { season, scene } = parsePatchName(name);
    return heldOut.has(`${season}/${scene}`);
  };
  if (Object.keys(lists).length === 0) {
    const train = names.filter((name) => !isHeldOut(name));
    return { train, validation: [], test: names.filter(isHeldOut) };
  }
  const assigned = assignSplits(names, lists);
  for (const split of ['train', 'validation'] as const) {
    const leaked = assigned[split].find(isHeldOut);
    if (leaked === undefined) continue;
    const todo = 'Correct the lists: neighbours of a patch seen in training must not be evaluated.';
    throw failAt(`${lists[split]?.path} and ${path}`, todo)(
      `patch ${leaked} is in the ${split} split, and of a hold-out scene`,
      'hold-out scenes in the test split alone',
    );
  }
  return assigned;
}

async function readPatch(folder: string, name: string): Promise<Patch> {
  const parsed = parsePatchName(name);
  const { season, scene, patch } = parsed;
  const path = join(folder, season, `s2_${scene}`, `${name}.tif`);
  const maximumBytes = 8 * 2 ** 20;
  const { pixels, georeference } = await readGeoTiff(path, {
    ...{ width: size, height: size, samples: samplesInFile, maximumBytes, todo: fetchAgain },
  });
  const area = size * size;
  const image = zeros([samples.length, size, size]);
  for (const [band, sample] of samples.entries()) {
    image.data.set(pixels.subarray(sample * area, (sample + 1) * area), band * area);
  }
  requireDigitalNumbers(image.data, failAt(path, fetchAgain));
  const { codes, fail, place } = await readLandCover(folder, parsed);
  if (place && georeference) requireSamePlace(place, georeference, fail);
  return {
    ...{ name, image, bands: sentinel2Bands },
    labels: labelsOf(codes, fail),
    masks: masksOf(codes, fail),
    ...(georeference && { georeference }),
    facts: { season, scene, patch },
  };
}

interface LandCover {
  /** IGBP code of each pixel. */
  readonly codes: Float32Array;
  readonly place?: Georeference;
  /** Errors of its file. */
  readonly fail: Fail;
}

/** The first band of the land-cover file, which has four as distributed. */
async function readLandCover(folder: string, { season, scene, patch }: Sen12msName): Promise<LandCover> {
  const path = join(folder, season, `lc_${scene}`, `${season}_lc_${scene}_p${patch}.tif`);
  const fail = failAt(path, fetchAgain);
  const { width, height, pixels, georeference } = await readWholeGeoTiff(path);
  if (width !== size || height !== size)
    throw fail('land-cover map of the wrong size', `${size} x ${size} pixels`, `${width} x ${height}`);
  return { codes: pixels.subarray(0, size * size), place: georeference, fail };
}

/** InputError, by `fail`, if the map says that it lies more than half a pixel from the image. */
function requireSamePlace(map: Georeference, image: Georeference, fail: Fail): void {
  const tolerance = image.pixelSize[0] / 2;
  const isNear = Math.abs(map.left - image.left) <= tolerance && Math.abs(map.top - image.top) <= tolerance;
  if (isNear && map.epsg === image.epsg) return;
  const expected = `corner [${image.left}, ${image.top}], EPSG ${image.epsg}`;
  const got = `[${map.left}, ${map.top}], EPSG ${map.epsg}`;
  throw fail('the land-cover map lies elsewhere than its image', expected, got);
}
