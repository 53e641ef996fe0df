/** Any folder of multi-band GeoTIFFs with a CSV table of their labels as a data set. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { failAt, messageOf } from '../error.js';
import { zeros } from '../tensor.js';
import { type FolderOptions, readDescription } from './folder/description.js';
import { readTable, type TableRow } from './folder/table.js';
import { type Dataset, defaultUnits, type Patch, type Split } from './patch.js';
import { type ChosenBands, chooseBands } from './raster/chooseBands.js';
import { openGeoTiff, readGeoTiff } from './raster/geoTiff.js';
import { withFolderStatistics } from './savedStatistics.js';
import { splitNames, splitsInOrder } from './splitNames.js';

/** No image of a data set needs more; larger ones are scenes. */
const maximumBytes = 512 * 2 ** 20;

/**
 * Opens a folder of GeoTIFFs of one size and one kind. Options not given are those of its `landlens.json`, if there is
 * one. The table and the names of the files are read now, and the head of the first image; `read` reads one image.
 *
 * Images are [bands, size, size] in `units`, sorted by name within their split. Without a column of splits every image
 * is in 'test'.
 * @throws InputError naming file and line: a table that is missing or wrong, an image that is missing, bands without
 *   names, an image that is not square; from `read` an image of another size or other bands than the first
 */
export async function openFolder(folder: string, given: FolderOptions = {}): Promise<Dataset> {
  const options = { ...(await readDescription(folder)), ...given };
  const { units = defaultUnits, scale = 1, offset = 0, name = basename(resolve(folder)) } = options;
  if (!Number.isFinite(scale) || scale === 0 || !Number.isFinite(offset)) {
    const fail = failAt(`${folder}, options scale and offset`);
    throw fail(
      'values cannot be scaled like this',
      'finite numbers, the scale not 0',
      `${scale} and ${offset}`,
    );
  }
  const table = resolve(folder, options.table ?? 'labels.csv');
  const { classes, rows } = await readTable(table, options);
  await requireFiles(folder, table, rows);
  const kind = await kindOf(join(folder, rows[0].name), options);
  const bySplit = sortRows(rows);
  const namesOf = (split: Split): readonly string[] => bySplit[split].map((row) => row.name);
  const { count, nameOf, find } = splitNames(
    { train: namesOf('train'), validation: namesOf('validation'), test: namesOf('test') },
    folder,
  );
  const labelsOf = (split: Split, index: number): readonly number[] => {
    nameOf(split, index);
    return bySplit[split][index].labels;
  };
  const bands = kind.select;
  const facts = {
    ...{ name, bands, classes, rendered: false, size: kind.size, units, folder, count, nameOf },
    find: (wanted: string) => find(wanted) ?? find(`${wanted}.tif`),
    read: async (split: Split, index: number) => ({
      ...(await readImage(folder, nameOf(split, index), kind, scale, offset)),
      bands,
      labels: labelsOf(split, index),
    }),
    readLabels: async (split: Split, index: number) => labelsOf(split, index),
  };
  return withFolderStatistics(facts, { given: options.statistics });
}

function sortRows(rows: readonly TableRow[]): Readonly<Record<Split, readonly TableRow[]>> {
  const bySplit: Record<Split, TableRow[]> = { train: [], validation: [], test: [] };
  for (const row of rows) bySplit[row.split].push(row);
  for (const split of splitsInOrder) bySplit[split].sort((a, b) => (a.name < b.name ? -1 : 1));
  return bySplit;
}

/** InputError for the first row whose file is missing; each folder is listed once. */
async function requireFiles(folder: string, table: string, rows: readonly TableRow[]): Promise<void> {
  const listed = new Map<string, ReadonlySet<string>>();
  for (const { name, line } of rows) {
    const inner = dirname(name);
    const fail = failAt(`${table}, line ${line}`, 'Correct the table, or put the file there.');
    let files = listed.get(inner);
    if (files === undefined) {
      const entries = await readdir(join(folder, inner)).catch((thrown) => {
        throw fail(`the folder of an image cannot be listed: ${messageOf(thrown)}`);
      });
      files = new Set(entries);
      listed.set(inner, files);
    }
    if (!files.has(basename(name))) throw fail(`there is no file ${name}`);
  }
}

/** What every image of the folder has in common. */
interface Kind extends ChosenBands {
  /** Side in pixels. */
  readonly size: number;
  /** Whether `names` are what the files say themselves, so that each must say it. */
  readonly isNamedByFile: boolean;
}

async function kindOf(path: string, options: FolderOptions): Promise<Kind> {
  const file = await openGeoTiff(path);
  await file.close();
  const { width, height } = file;
  if (width !== height) {
    const fail = failAt(path, 'Cut the images to squares, for example with gdal_translate -srcwin.');
    throw fail('an image that is not square', 'as many columns as rows', `${width} x ${height} pixels`);
  }
  return { size: width, isNamedByFile: !options.bands, ...chooseBands(file, options, path) };
}

async function readImage(
  folder: string,
  name: string,
  { size, names, isNamedByFile, samples }: Kind,
  scale: number,
  offset: number,
): Promise<Pick<Patch, 'name' | 'image' | 'georeference'>> {
  const path = join(folder, name);
  const fitting = 'All images of a folder must have one size and the same bands.';
  const file = await readGeoTiff(path, {
    ...{ width: size, height: size, samples: names.length, maximumBytes, todo: fitting },
  });
  if (isNamedByFile && file.bandNames?.join('\n') !== names.join('\n')) {
    const got = file.bandNames?.join(' ') ?? 'bands without names';
    throw failAt(path, fitting)('the bands are others than those of the first image', names.join(' '), got);
  }
  const area = size * size;
  const image = zeros([samples.length, size, size]);
  for (const [band, sample] of samples.entries()) {
    for (let i = 0; i < area; i++) {
      image.data[band * area + i] = file.pixels[sample * area + i] * scale + offset;
    }
  }
  const { georeference } = file;
  return { name, image, ...(georeference && { georeference }) };
}
