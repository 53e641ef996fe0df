/** Decoding BigEarthNet v2's metadata.parquet: which patch has which labels, in which split. */
import { type Compressors, parquetMetadata, parquetScan, parquetSchema } from 'hyparquet';
import { compressors, decompressZstd } from 'hyparquet-compressors';
import { describeValue, type Fail, type InputError } from '../../error.js';
import { splitOf, splitsInOrder } from '../splitNames.js';
import { classes19 } from './labels.js';
import { parsePatchId } from './patchNames.js';

/** One entry a patch in every array. Compact, since a table has half a million patches and crosses threads. */
export interface MetadataTable {
  readonly names: readonly string[];
  /** Bit i is set where class i of the 19 is a label. */
  readonly labels: Uint32Array;
  /** Indices into `splitsInOrder`. */
  readonly splits: Uint8Array;
  /** 1: seasonal snow; 2: cloud or shadow; 3: both. */
  readonly flags: Uint8Array;
  /** Indices into `countryNames`. */
  readonly countries: Uint8Array;
  readonly countryNames: readonly string[];
}

const optionalColumns = ['country', 'contains_seasonal_snow', 'contains_cloud_or_shadow'];
const requiredColumns = ['patch_id', 'labels', 'split'];

const maximumRows = 4e6;
const maximumPageBytes = 2 ** 26;

const classIndex: ReadonlyMap<unknown, number> = new Map(classes19.map((name, index) => [name, index]));

/** A page may not unpack to more than its header says, nor its header say more than a page honestly holds. */
const boundedCompressors: Compressors = Object.fromEntries(
  Object.entries({
    ...compressors,
    ZSTD: (input: Uint8Array, length: number) => decompressZstd(input, new Uint8Array(length)),
  }).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, length: number): Uint8Array => {
      if (!(length >= 0 && length <= maximumPageBytes)) throw new Error(`a page of ${length} bytes`);
      return decompress(input, length);
    },
  ]),
);

/**
 * Decodes the columns that a data set needs, the others are not touched.
 * @throws InputError, by `fail`, for wrong content; Error for damage
 */
export async function decodeMetadataTable(bytes: ArrayBuffer, fail: Fail): Promise<MetadataTable> {
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  const rows = Number(metadata.num_rows);
  if (!(rows >= 1 && rows <= maximumRows))
    throw fail('no honest table', `1 to ${maximumRows} rows`, `${rows}`);
  const present = parquetSchema(metadata).children.map(({ element }) => element.name);
  const missing = requiredColumns.filter((column) => !present.includes(column));
  if (missing.length > 0) {
    const expected = [...requiredColumns, ...optionalColumns].join(', ');
    throw fail(`no column ${missing.join(', ')}`, expected, present.slice(0, 12).join(', ').slice(0, 200));
  }
  const wrongValue = (column: string, row: number, expected: string, value: unknown): InputError =>
    fail(`column ${column} is wrong in row ${row}`, expected, describeValue(value));
  /** Calls `take` for every value of a column. A scan a column, since a scan keeps what it has read. */
  const forEach = async (column: string, take: (value: unknown, row: number) => void): Promise<void> => {
    if (!present.includes(column)) return;
    const file = {
      byteLength: bytes.byteLength,
      slice: (start: number, end?: number) => bytes.slice(start, end),
    };
    const scan = await parquetScan({
      ...{ file, metadata, columns: [column], compressors: boundedCompressors, useOffsetIndex: false },
    });
    let row = 0;
    for (const { rowStart, rowEnd } of scan.ranges) {
      const values: ArrayLike<unknown> = await scan.readColumn({ column, rowStart, rowEnd });
      if (rowStart !== row || values.length !== rowEnd - rowStart || rowEnd > rows) {
        throw new Error(`column ${column} has not as many values as rows`);
      }
      for (let i = 0; i < values.length; i++) take(values[i], row++);
    }
    if (row !== rows) throw new Error(`column ${column} has ${row} of ${rows} values`);
  };

  const names: string[] = [];
  await forEach('patch_id', (value, row) => {
    if (typeof value !== 'string' || parsePatchId(value) === undefined) {
      const expected = 'names like S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_75_43';
      throw wrongValue('patch_id', row, expected, value);
    }
    names.push(value);
  });
  const labels = new Uint32Array(rows);
  await forEach('labels', (value, row) => {
    if (!Array.isArray(value)) throw wrongValue('labels', row, 'a list of names', value);
    for (const label of value) {
      const index = classIndex.get(label);
      if (index === undefined) throw wrongValue('labels', row, 'names of the 19 classes', label);
      labels[row] |= 1 << index;
    }
  });
  const splits = new Uint8Array(rows);
  await forEach('split', (value, row) => {
    const split = splitOf(value);
    if (split === undefined) throw wrongValue('split', row, 'train, validation or test', value);
    splits[row] = splitsInOrder.indexOf(split);
  });
  const flags = new Uint8Array(rows);
  const flag = async (column: string, bit: number): Promise<void> =>
    forEach(column, (value, row) => {
      if (typeof value !== 'boolean') throw wrongValue(column, row, 'true or false', value);
      if (value) flags[row] |= bit;
    });
  await flag('contains_seasonal_snow', 1);
  await flag('contains_cloud_or_shadow', 2);
  const countries = new Uint8Array(rows);
  const countryNames = present.includes('country') ? [] : [''];
  const countryIndex = new Map<string, number>();
  await forEach('country', (value, row) => {
    const name = value ?? '';
    if (typeof name !== 'string' || name.length > 100) throw wrongValue('country', row, 'a name', value);
    let index = countryIndex.get(name);
    if (index === undefined) {
      index = countryNames.push(name) - 1;
      countryIndex.set(name, index);
      if (index > 255) throw wrongValue('country', row, 'at most 256 names', value);
    }
    countries[row] = index;
  });
  return { names, labels, splits, flags, countries, countryNames };
}
