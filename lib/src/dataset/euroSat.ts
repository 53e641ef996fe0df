/** EuroSAT (Helber et al., 2019): labelled Sentinel-2 chips of 640 m, in true colour (JPEG) or in all 13 bands (GeoTIFF). */
import { join } from 'node:path';
import { failAt } from '../error.js';
import { readBoundedFile } from '../io/boundedFile.js';
import { decodeJpeg } from '../io/jpeg.js';
import { createRandom, requireSeed } from '../random.js';
import {
  type BandStatistics,
  type Dataset,
  type Display,
  defaultUnits,
  type Patch,
  type Split,
} from './patch.js';
import { listFolder, noPatches, readNameFile } from './patchFolder.js';
import { requireDigitalNumbers } from './raster/digitalNumbers.js';
import { type GeoTiff, readGeoTiff } from './raster/geoTiff.js';
import { withFolderStatistics } from './savedStatistics.js';
import {
  assignSplits,
  listsIn,
  type NamesBySplit,
  readLists,
  type SplitPaths,
  splitNames,
} from './splitNames.js';

export interface EuroSatOptions {
  /**
   * Paths of text lists of names such as AnnualCrop_1, one a line, with or without an ending; default: those of `train.txt`,
   * `validation.txt` and `test.txt` that lie in the folder, else a seeded split.
   */
  readonly splits?: SplitPaths;
  /** Of the split where there are no lists: 70 % of each class in train, 10 % in validation, 20 % in test. Default: 0. */
  readonly seed?: number;
  /** Mean and deviation of the bands; default: those kept in the folder, else published ones. */
  readonly statistics?: BandStatistics;
}

/** The classes, called as their folders are. */
export const euroSatClasses = [
  ...['AnnualCrop', 'Forest', 'HerbaceousVegetation', 'Highway', 'Industrial', 'Pasture', 'PermanentCrop'],
  ...['Residential', 'River', 'SeaLake'],
] as const;

type EuroSatClass = (typeof euroSatClasses)[number];

/** Side of a chip in pixels of 10 m. */
const size = 64;

/** A JPEG of 64 x 64 pixels takes some 4 KB, a GeoTIFF of 13 bands 107 KB. */
const maximumBytes = 2 ** 20;

const todo = 'Unpack the chip again from the archive, or take it out of the folder.';

/** One of the two forms in which EuroSAT is published. */
interface Form {
  readonly name: string;
  readonly extension: string;
  readonly bands: readonly string[];
  readonly units: string;
  readonly statistics: BandStatistics;
  readonly display?: Display;
  /** The values [bands, 64, 64] of a file, and where it lies, where it says so. */
  read(path: string): Promise<Pick<GeoTiff, 'pixels' | 'georeference'>>;
}

const trueColour: Form = {
  name: 'EuroSAT',
  extension: '.jpg',
  bands: ['B04', 'B03', 'B02'],
  units: 'brightness of a picture, 0 to 255',
  // Of the 18,900 training chips of seed 0.
  statistics: { mean: [87.938, 97.061, 104.162], deviation: [51.815, 35.029, 29.573] },
  display: { low: 0, high: 255, gamma: 1 },
  async read(path) {
    const bytes = await readBoundedFile(path, { maximumBytes, todo });
    return decodeJpeg(bytes, { width: size, height: size }, failAt(path, todo));
  },
};

/**
 * Sentinel-2's bands in a file: B8A comes last (github.com/phelber/EuroSAT, issue 7; torchgeo, issue 2458), which the order
 * in the data set's paper does not tell.
 */
const bandsInFile = [
  ...['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B09', 'B10', 'B11', 'B12', 'B8A'],
];

const allBands: Form = {
  name: 'EuroSAT, 13 bands',
  extension: '.tif',
  bands: bandsInFile,
  units: defaultUnits,
  // Of torchgeo's data module, in the order of the file.
  statistics: {
    mean: [
      ...[1354.40546513, 1118.24399958, 1042.92983953, 947.62620298, 1199.47283961, 1999.79090914],
      ...[
        2369.22292565, 2296.82608323, 732.08340178, 12.11327804, 1819.01027855, 1118.92391149, 2594.14080798,
      ],
    ],
    deviation: [
      ...[245.71762908, 333.00778264, 395.09249139, 593.75055589, 566.4170017, 861.18399006],
      ...[1086.63139075, 1117.98170791, 404.91978886, 4.77584468, 1002.58768311, 761.30323499, 1231.58581042],
    ],
  },
  async read(path) {
    const { pixels, georeference } = await readGeoTiff(path, {
      ...{ width: size, height: size, samples: bandsInFile.length, maximumBytes, todo },
    });
    requireDigitalNumbers(pixels, failAt(path, todo));
    return { pixels, ...(georeference && { georeference }) };
  },
};

const forms = [trueColour, allBands];

/**
 * Opens a folder of EuroSAT in its official layout, `<class>/<class>_<number>.jpg` or `.tif`. Only names are listed now; `read`
 * reads one chip.
 *
 * Chips of the RGB version are [3, 64, 64], red, green and blue from 0 to 255, called B04, B03 and B02; those of the
 * multispectral version are [13, 64, 64] in the order of the files, top-of-atmosphere reflectance x 10,000. Every chip has
 * one label. Lists decide the splits; without any, each class is shuffled by the seed and cut at 70 and 80 %.
 * @throws InputError if the folder holds no chips, or both versions, or a list is missing or wrong
 * @example
 * const data = await openEuroSat('/data/EuroSAT');
 * data.count('train'); // 18900
 */
export async function openEuroSat(folder: string, options: EuroSatOptions = {}): Promise<Dataset> {
  const {
    seed = 0,
    splits = listsIn(folder, { train: 'train.txt', validation: 'validation.txt', test: 'test.txt' }),
  } = options;
  requireSeed(seed, 'openEuroSat, seed');
  const lists = await readLists(splits, readNames, 'EuroSAT, option `splits`');
  const { names, form } = await listChips(folder);
  const assigned =
    Object.keys(lists).length === 0 ? stratifiedSplit(names, seed) : assignSplits(names, lists);
  const { total, count, nameOf, find } = splitNames(assigned, folder);
  if (total === 0) {
    throw failAt(
      folder,
      'Check that the lists hold names such as AnnualCrop_1.',
    )('no chip of the folder is in a split list');
  }
  const { bands, units, extension, display } = form;
  const labelsOf = (name: string): readonly number[] => [euroSatClasses.indexOf(classOf(name))];
  const facts = {
    ...{ name: form.name, bands, classes: euroSatClasses, rendered: false },
    ...{ size, units, folder, count, nameOf },
    find: (name: string) => find(name.replace(/\.(jpg|tif)$/, '')),
    async read(split: Split, index: number): Promise<Patch> {
      const name = nameOf(split, index);
      const { pixels, georeference } = await form.read(join(folder, classOf(name), `${name}${extension}`));
      return {
        ...{
          name,
          bands,
          labels: labelsOf(name),
          image: { data: pixels, shape: [bands.length, size, size] },
        },
        ...(georeference && { georeference }),
        ...(display && { display }),
      };
    },
    readLabels: async (split: Split, index: number) => labelsOf(nameOf(split, index)),
  };
  return withFolderStatistics(facts, { given: options.statistics, published: form.statistics });
}

const chipName = /^([A-Z][A-Za-z]+)_([1-9]\d{0,5})$/;

/** The class that a chip's name begins with. */
function classOf(name: string): EuroSatClass {
  const word = chipName.exec(name)?.[1];
  const found = euroSatClasses.find((known) => known === word);
  if (found === undefined) throw new Error(`${name} is no name of a chip`);
  return found;
}

const readNames = (path: string): Promise<ReadonlySet<string>> =>
  readNameFile(path, {
    ...{ of: 'EuroSAT', like: 'AnnualCrop_1 or AnnualCrop/AnnualCrop_1.jpg' },
    parse: (line) => {
      const name = line.replace(/^.*[\\/]/, '').replace(/\.(jpg|tif)$/, '');
      const word = chipName.exec(name)?.[1];
      return euroSatClasses.some((known) => known === word) ? name : undefined;
    },
  });

/** All chips of the one version that the folder holds, sorted. */
async function listChips(
  folder: string,
): Promise<{ readonly names: readonly string[]; readonly form: Form }> {
  const advice =
    'Name the folder that holds AnnualCrop, Forest and so on. EuroSAT is published at https://zenodo.org/records/7711810 (MIT licence).';
  const entries = await listFolder(folder, advice);
  const found: readonly { readonly form: Form; readonly names: string[] }[] = forms.map((form) => ({
    form,
    names: [],
  }));
  for (const name of euroSatClasses.filter((known) => entries.includes(known))) {
    for (const file of await listFolder(join(folder, name), advice)) {
      for (const { form, names } of found) {
        const chip = file.slice(0, -form.extension.length);
        if (file.endsWith(form.extension) && chipName.exec(chip)?.[1] === name) names.push(chip);
      }
    }
  }
  const held = found.filter(({ names }) => names.length > 0);
  if (held.length === 0) {
    const like = 'files like AnnualCrop/AnnualCrop_1.jpg';
    throw noPatches(folder, { of: 'EuroSAT', like, todo: advice }, entries);
  }
  if (held.length > 1) {
    const [a, b] = held.map(({ names, form }) => `${names[0]}${form.extension}`);
    throw failAt(folder, 'Keep the two versions in folders of their own.')(
      'the folder holds both versions of EuroSAT',
      '.jpg or .tif files',
      `${a} and ${b}`,
    );
  }
  const [{ form, names }] = held;
  return { form, names: names.sort() };
}

function stratifiedSplit(names: readonly string[], seed: number): NamesBySplit {
  const assigned: Record<Split, string[]> = { train: [], validation: [], test: [] };
  for (const name of euroSatClasses) {
    const shuffled = createRandom(seed, 'EuroSAT', name).shuffle(
      names.filter((chip) => classOf(chip) === name),
    );
    const [first, second] = [0.7, 0.8].map((share) => Math.round(share * shuffled.length));
    assigned.train.push(...shuffled.slice(0, first));
    assigned.validation.push(...shuffled.slice(first, second));
    assigned.test.push(...shuffled.slice(second));
  }
  for (const chips of Object.values(assigned)) chips.sort();
  return assigned;
}
