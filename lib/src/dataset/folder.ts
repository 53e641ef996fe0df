/** Any folder of multi-band GeoTIFFs with a CSV table of their labels as a data set. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError, messageOf } from '../error.js';
import { zeros } from '../tensor.js';
import { statisticsFile } from './bandStatistics.js';
import { descriptionFile, type FolderOptions, readDescription } from './folder/description.js';
import { readTable, type TableRow } from './folder/table.js';
import { type BandStatistics, type Dataset, defaultUnits, type Patch, type Split } from './patch.js';
import { openGeoTiff, readGeoTiff } from './raster/geoTiff.js';
import { readSavedStatistics, requireStatistics, unknownStatistics } from './savedStatistics.js';
import { splitNames, splitsInOrder } from './splitNames.js';

const todo = 'Correct the table, or put the file there.';

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
    throw new InputError({
      what: 'values cannot be scaled like this',
      where: `${folder}, options scale and offset`,
      expected: 'finite numbers, the scale not 0',
      got: `${scale} and ${offset}`,
    });
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
  const bands = kind.samples.map((sample) => kind.names[sample]);
  const statistics =
    options.statistics === undefined
      ? await readSavedStatistics(join(folder, statisticsFile), bands)
      : requireStatistics(options.statistics, bands.length, `${folder}, option \`statistics\``);
  return {
    name,
    bands,
    classes,
    rendered: false,
    size: kind.size,
    units,
    get statistics(): BandStatistics {
      if (statistics === undefined) throw unknownStatistics(`${name} in ${folder}`);
      return statistics;
    },
    folder,
    count,
    nameOf,
    find: (wanted) => find(wanted) ?? find(`${wanted}.tif`),
    read: async (split, index) => ({
      ...(await readImage(folder, nameOf(split, index), kind, scale, offset)),
      bands,
      labels: labelsOf(split, index),
    }),
    readLabels: async (split, index) => labelsOf(split, index),
  };
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
    let files = listed.get(inner);
    if (files === undefined) {
      files = new Set(
        await readdir(join(folder, inner)).catch((thrown) => {
          throw new InputError({
            what: `the folder of an image cannot be listed: ${messageOf(thrown)}`,
            where: `${table}, line ${line}`,
            todo,
          });
        }),
      );
      listed.set(inner, files);
    }
    if (files.has(basename(name))) continue;
    throw new InputError({ what: `there is no file ${name}`, where: `${table}, line ${line}`, todo });
  }
}

/** What every image of the folder has in common. */
interface Kind {
  /** Side in pixels. */
  readonly size: number;
  /** Of every band of a file. */
  readonly names: readonly string[];
  /** Whether `names` are what the files say themselves, so that each must say it. */
  readonly isNamedByFile: boolean;
  /** The bands wanted, as positions in the file. */
  readonly samples: readonly number[];
}

async function kindOf(path: string, { bands, select }: FolderOptions): Promise<Kind> {
  const file = await openGeoTiff(path);
  await file.close();
  const { width, height, samples, bandNames } = file;
  if (width !== height) {
    throw new InputError({
      what: 'an image that is not square',
      where: path,
      expected: 'as many columns as rows',
      got: `${width} x ${height} pixels`,
      todo: 'Cut the images to squares, for example with gdal_translate -srcwin.',
    });
  }
  const names = bands ?? bandNames;
  const isUsable =
    names !== undefined && names.length === samples && new Set(names).size === samples && !names.includes('');
  if (!isUsable) {
    throw new InputError({
      what: names === undefined ? 'the bands have no names' : 'the names of the bands do not fit',
      where: path,
      expected: `${samples} different names`,
      got: names === undefined ? 'a file without descriptions' : names.join(' '),
      todo: `Name the bands in the order of the files: option \`bands\`, or "bands" in ${descriptionFile}.`,
    });
  }
  const missing = (select ?? []).filter((name) => !names.includes(name));
  if (missing.length > 0 || select?.length === 0) {
    throw new InputError({
      what: 'a wanted band is not in the files',
      where: path,
      expected: `some of ${names.join(' ')}`,
      got: missing.join(' ') || 'none',
    });
  }
  const chosen = (select ?? names).map((name) => names.indexOf(name));
  return { size: width, names, isNamedByFile: bands === undefined, samples: chosen };
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
    throw new InputError({
      what: 'the bands are others than those of the first image',
      where: path,
      expected: names.join(' '),
      got: file.bandNames?.join(' ') ?? 'bands without names',
      todo: fitting,
    });
  }
  const area = size * size;
  const image = zeros([samples.length, size, size]);
  for (const [band, sample] of samples.entries()) {
    for (let i = 0; i < area; i++) {
      image.data[band * area + i] = file.pixels[sample * area + i] * scale + offset;
    }
  }
  const { georeference } = file;
  return { name, image, ...(georeference === undefined ? {} : { georeference }) };
}
