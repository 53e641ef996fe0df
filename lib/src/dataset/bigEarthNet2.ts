/** BigEarthNet v2 (reBEN, Clasen et al. 2025): Sentinel-2 L2A patches of 1.2 km with pixel-level reference maps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requireChoice } from '../check.js';
import { failAt } from '../error.js';
import { classes19 } from './bigEarthNet/labels.js';
import { readMetadataTables } from './bigEarthNet/metadataReader.js';
import type { MetadataTable } from './bigEarthNet/metadataTable.js';
import { type PatchBands, patchSize, readPatchBands, readReferenceMap } from './bigEarthNet/patchBands.js';
import { parsePatchId } from './bigEarthNet/patchNames.js';
import { imageOfRecord, masksOfRecord, maximumRecordBytes } from './bigEarthNet/patchRecord.js';
import { openLmdb } from './lmdb.js';
import {
  type BandStatistics,
  type Dataset,
  defaultUnits,
  type Patch,
  type Split,
  sentinel2Bands,
} from './patch.js';
import { listFolder } from './patchFolder.js';
import { type Resampling, resamplings } from './raster/resample.js';
import { type NamesBySplit, splitNames, splitsInOrder } from './splitNames.js';

export interface BigEarthNet2Options {
  /** How 20 m and 60 m bands are brought to the 10 m grid; default: bilinear. */
  readonly resampling?: Resampling;
  /** Path of metadata.parquet, or several such files; default: that in the folder, or else beside it. */
  readonly metadata?: string | readonly string[];
  /** Also patches that the metadata marks as seasonal snow, cloud or shadow. */
  readonly flagged?: boolean;
}

/** Mean and standard deviation of each band's own pixels over the train split (ConfigILM), reflectance x 10,000. */
export const bigEarthNet2Statistics: BandStatistics = {
  mean: [
    361.0767822265625, 438.3720703125, 614.0556640625, 588.4096069335938, 942.8433227539062, 1769.931640625,
    2049.551513671875, 2193.2919921875, 2235.556640625, 2241.455322265625, 1568.226806640625,
    997.7324829101562,
  ],
  deviation: [
    575.0687255859375, 607.02685546875, 603.2968139648438, 684.56884765625, 738.4326782226562,
    1100.4560546875, 1275.805419921875, 1369.3717041015625, 1356.5440673828125, 1316.393310546875,
    1070.1612548828125, 813.5276489257812,
  ],
};

const fetchAgain = 'Extract the patch again from the BigEarthNet v2.0 archive, or take it out of the folder.';

const todoOfFolder =
  'Name the folder that holds "BigEarthNet-S2", with folders of tiles that hold folders of patches, or the folder of an LMDB with "data.mdb".';

/** Where the images are: which there are, and one of them with its masks. */
interface Images {
  /** Whether there is a patch of this name. */
  readonly has: (name: string) => boolean;
  readonly read: (name: string) => Promise<PatchBands & Pick<Patch, 'masks'>>;
}

/**
 * Opens BigEarthNet v2: a folder with `BigEarthNet-S2` and (where wanted) `Reference_Maps`, or one with the `data.mdb` that
 * rico-hdl makes of them, which is then read instead; and `metadata.parquet`, which gives labels and splits. Only the names
 * of patches are read now, `read` reads one patch. Whichever it is, names, classes, bands and values are the same; the
 * database does not say where on Earth a patch lies.
 *
 * A patch must be both in the metadata and in the folder. Patches are sorted by name. Images are [12, 120, 120] in
 * the order of `sentinel2Bands`, digital numbers as stored. `masks` are of the reference map, where the patch has one.
 * @throws InputError if metadata is missing or damaged, no patch of it is in the folder, or an option is unknown
 */
export async function openBigEarthNet2(folder: string, options: BigEarthNet2Options = {}): Promise<Dataset> {
  const { resampling = 'bilinear', flagged = false } = options;
  requireChoice('resampling', resampling, resamplings, 'BigEarthNet v2');
  const { metadata = metadataOf(folder) } = options;
  const tables = await readMetadataTables(typeof metadata === 'string' ? [metadata] : metadata);
  const database = join(folder, 'data.mdb');
  const images = existsSync(database)
    ? await openDatabase(database, resampling)
    : await openFolder(folder, resampling);
  const { rows, splits } = assignSplits(tables, images.has, flagged, folder);
  const { count, nameOf, find } = splitNames(splits, folder);
  const rowAt = (split: Split, index: number): Row => {
    const row = rows.get(nameOf(split, index));
    if (row === undefined) throw new Error('a split names a patch that is in no row');
    return row;
  };
  return {
    ...{ name: 'BigEarthNet v2', bands: sentinel2Bands, classes: classes19, rendered: false },
    ...{ size: patchSize, units: defaultUnits, statistics: bigEarthNet2Statistics, folder },
    ...{ count, nameOf, find },
    read: async (split, index) => {
      const { table, row } = rowAt(split, index);
      const name = table.names[row];
      const { image, georeference, masks } = await images.read(name);
      return {
        ...{ name, image, bands: sentinel2Bands, labels: labelsOf(table, row) },
        ...(georeference && { georeference }),
        ...(masks && { masks }),
        facts: factsOf(table, row),
      };
    },
    readLabels: async (split, index) => {
      const { table, row } = rowAt(split, index);
      return labelsOf(table, row);
    },
  };
}

interface Row {
  readonly table: MetadataTable;
  readonly row: number;
}

function labelsOf({ labels }: MetadataTable, row: number): readonly number[] {
  return classes19.map((_, index) => index).filter((index) => (labels[row] >> index) & 1);
}

function factsOf(table: MetadataTable, row: number): Readonly<Record<string, string | boolean>> {
  const id = parsePatchId(table.names[row]);
  const country = table.countryNames[table.countries[row]];
  return {
    ...(id === undefined ? {} : { tileSource: id.tile, acquisitionDate: id.acquisitionDate }),
    ...(country === '' ? {} : { country }),
    ...(table.flags[row] & 1 ? { seasonalSnow: true } : {}),
    ...(table.flags[row] & 2 ? { cloudOrShadow: true } : {}),
  };
}

function assignSplits(
  tables: readonly MetadataTable[],
  has: Images['has'],
  flagged: boolean,
  where: string,
): { readonly rows: ReadonlyMap<string, Row>; readonly splits: NamesBySplit } {
  const rows = new Map<string, Row>();
  const splits: Record<Split, string[]> = { train: [], validation: [], test: [] };
  for (const table of tables) {
    for (const [row, name] of table.names.entries()) {
      if ((!flagged && table.flags[row] !== 0) || !has(name)) continue;
      if (rows.has(name)) {
        const fail = failAt(where, 'Correct the metadata: a patch seen in training must not be evaluated.');
        throw fail(`patch ${name} is listed twice`, 'each patch in one row of the metadata');
      }
      rows.set(name, { table, row });
      splits[splitsInOrder[table.splits[row]]].push(name);
    }
  }
  if (rows.size === 0) {
    const todo =
      'Check that the metadata is of BigEarthNet v2.0 and that the folder holds patches it names, not marked as snow, cloud or shadow.';
    const names = tables.flatMap((table) => table.names);
    const expected = `some of ${names.length} patches, such as ${names[0] ?? 'none'}`;
    throw failAt(where, todo)('no patch of the metadata is there', expected);
  }
  for (const split of splitsInOrder) splits[split].sort();
  return { rows, splits };
}

async function openFolder(folder: string, resampling: Resampling): Promise<Images> {
  const images = join(folder, 'BigEarthNet-S2');
  const names = new Set<string>();
  for (const tile of await listFolder(images, todoOfFolder)) {
    if (parsePatchId(`${tile}_0_0`) === undefined) continue;
    for (const name of await listFolder(join(images, tile), todoOfFolder)) {
      if (parsePatchId(name)?.tile === tile) names.add(name);
    }
  }
  return {
    has: (name) => names.has(name),
    read: async (name) => {
      const tile = parsePatchId(name)?.tile ?? '';
      const bands = await readPatchBands(join(images, tile, name, name), { resampling, todo: fetchAgain });
      const map = join(folder, 'Reference_Maps', tile, name, `${name}_reference_map.tif`);
      if (!existsSync(map)) return bands;
      return { ...bands, masks: await readReferenceMap(map, bands.georeference, fetchAgain) };
    },
  };
}

/** Keys are the names of patches; of maps, with an ending; Sentinel-1 records are passed over. */
async function openDatabase(path: string, resampling: Resampling): Promise<Images> {
  const todo = 'Make the database again with rico-hdl from the BigEarthNet v2.0 archive.';
  const database = await openLmdb(path, { maximumValueBytes: maximumRecordBytes, todo });
  const names = new Set<string>();
  for await (const key of database.keys()) {
    const name = Buffer.from(key).toString('latin1');
    if (parsePatchId(name) !== undefined) names.add(name);
  }
  return {
    has: (name) => names.has(name),
    read: async (name) => {
      const where = `${path}, record ${name}`;
      const record = await database.get(Buffer.from(name));
      if (record === undefined) throw failAt(where, todo)('the record is gone');
      const bands = await imageOfRecord(record, where, { resampling, todo });
      const map = await database.get(Buffer.from(`${name}_reference_map`));
      if (map === undefined) return bands;
      return { ...bands, masks: masksOfRecord(map, `${where}_reference_map`, todo) };
    },
  };
}

function metadataOf(folder: string): string {
  const inside = join(folder, 'metadata.parquet');
  const beside = join(folder, '..', 'metadata.parquet');
  return !existsSync(inside) && existsSync(beside) ? beside : inside;
}
