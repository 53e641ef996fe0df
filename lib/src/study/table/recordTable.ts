/** The records of studies as tables of SQL: `records`, a row per image, target and method, and `metrics`, one per metric too. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api';
import { failAt, messageOf } from '../../error.js';
import { openPending, writeError } from '../../io/file.js';
import { metrics } from '../../metric/metrics.js';
import type { StudyRecord } from '../records.js';

/** A value of a row: lists and objects where a column holds such. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [name: string]: Cell };
export type Row = Readonly<Record<string, Cell>>;

export interface RecordTable {
  /**
   * The rows that a query selects.
   * @throws InputError where the database refuses it, with what it says
   */
  query(sql: string): Promise<readonly Row[]>;
  /** Writes the rows that a query selects as a Parquet file; nothing is half written. */
  writeParquet(sql: string, path: string): Promise<void>;
  close(): Promise<void>;
}

export interface RecordTableOptions {
  /** Most memory that the database takes, in MiB; what does not fit goes to temporary files. */
  readonly memory?: number;
  readonly threads?: number;
  /** Whether `records` has a column `file` too: the path that a record stands in. Default: false. */
  readonly withFile?: boolean;
}

/** What stands in a line of records.jsonl: named here, as a guess from the first lines would differ from file to file. */
const stored = {
  ...{ study: 'VARCHAR', image: 'VARCHAR', imageIndex: 'INTEGER' },
  target: 'STRUCT("index" INTEGER, name VARCHAR, score DOUBLE, truePositive BOOLEAN)',
  ...{ method: 'VARCHAR', parameters: 'JSON' },
  metrics: `STRUCT(${metrics.map(({ id }) => `"${id}" DOUBLE`).join(', ')}, morf FLOAT[])`,
  ...{ map: 'VARCHAR', completenessGap: 'DOUBLE' },
  sampling: 'STRUCT(relativeError DOUBLE, evaluations BIGINT, reached BOOLEAN)',
  localisation: 'STRUCT(share DOUBLE, area DOUBLE, ratio DOUBLE, hit DOUBLE)',
  ...{ seed: 'BIGINT', preset: 'VARCHAR', model: 'VARCHAR', versions: 'JSON', device: 'VARCHAR' },
} satisfies Readonly<Record<keyof Required<StudyRecord>, string>>;

/** The columns of `records`, each with where it stands in a stored record. */
const columns: Readonly<Record<string, string>> = {
  ...{ image: 'image', image_index: 'imageIndex', target: 'target.name', target_index: 'target."index"' },
  ...{ score: 'target.score', true_positive: 'target.truePositive', method: 'method' },
  ...Object.fromEntries(metrics.map(({ id, column }) => [column, `metrics."${id}"`])),
  ...{ morf: 'metrics.morf', relative_error: 'sampling.relativeError', evaluations: 'sampling.evaluations' },
  ...{ reached: 'sampling.reached', completeness_gap: 'completenessGap' },
  ...{ share: 'localisation.share', area: 'localisation.area' },
  ...{ ratio: 'localisation.ratio', hit: 'localisation.hit' },
  ...{ parameters: 'parameters', map: 'map', device: 'device', study: 'study', seed: 'seed' },
  ...{ preset: 'preset', model: 'model', versions: 'versions' },
};

/** A text as SQL writes it. */
export const sqlText = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const list = (values: readonly string[]): string => `[${values.map(sqlText).join(', ')}]`;

const selected = Object.entries(columns)
  .map(([name, from]) => `${from} as "${name}"`)
  .join(', ');

/**
 * The stored records of files of JSON lines. A line that a kill tore is no record, and of several records of the same the
 * last one counts: an image whose map was lost has been measured again.
 */
const fromLines = (paths: readonly string[]): string => {
  const types = Object.entries(stored).map(([name, type]) => `${sqlText(name)}: ${sqlText(type)}`);
  const lines = `read_json(${list(paths)}, format = 'newline_delimited', columns = {${types.join(', ')}}, ignore_errors = true, filename = true)`;
  return `select ${selected}, filename as file from (select *, row_number() over () as line from ${lines})
    where image is not null and method is not null
    qualify row_number() over (partition by filename, imageIndex, method order by line desc) = 1`;
};

const fromParquet = (paths: readonly string[]): string =>
  `select ${Object.keys(columns).join(', ')}, filename as file from read_parquet(${list(paths)}, filename = true)`;

/** `metrics`: each metric's value in a row of its own; the area under the MoRF curve has the curve beside it. */
const metricsView = `create view metrics as
  select * exclude (morf), case when metric = 'auc_morf' then morf end as curve
  from (unpivot (select image, image_index, target, method, morf, ${metrics.map(({ column }) => `"${column}"`).join(', ')} from records)
    on ${metrics.map(({ column }) => `"${column}"`).join(', ')} into name metric value value)`;

/**
 * Opens the records of files as tables.
 * @param paths files of JSON lines or of Parquet, of parts or of whole studies; at least one
 * @throws InputError where a file is missing or damaged
 * @example
 * const table = await openRecordTable(['results/reproduce-scenes-quick/records.jsonl']);
 * await table.query('select method, avg(auc_morf) as area from records group by method order by area');
 */
export async function openRecordTable(
  paths: readonly string[],
  { memory = 1024, threads = availableParallelism(), withFile = false }: RecordTableOptions = {},
): Promise<RecordTable> {
  for (const path of paths) {
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === undefined) throw failAt(path, 'Run the study first.')('the file does not exist');
  }
  const parquet = paths.filter((path) => path.endsWith('.parquet'));
  const lines = paths.filter((path) => !path.endsWith('.parquet'));
  const sources = [
    ...(parquet.length > 0 ? [fromParquet(parquet)] : []),
    ...(lines.length > 0 ? [fromLines(lines)] : []),
  ];
  const source = `select * ${withFile ? '' : 'exclude (file)'} from (${sources.join(' union all ')})`;
  const table = await openTable({ memory, threads });
  await table.connection.run(`create view records as ${source}`);
  await table.connection.run(metricsView);
  return table;
}

/** Records that are in memory as tables. */
export async function recordTableOf(records: readonly StudyRecord[]): Promise<RecordTable> {
  const table = await openTable({ memory: 1024, threads: 1 });
  await table.connection.run('create table lines (line JSON)');
  const appender = await table.connection.createAppender('lines');
  for (const record of records) {
    appender.appendVarchar(JSON.stringify(record));
    appender.endRow();
  }
  appender.closeSync();
  const source = `select unnest(json_transform(line, ${sqlText(JSON.stringify(stored))})) from lines`;
  await table.connection.run(`create view records as select ${selected} from (${source})`);
  await table.connection.run(metricsView);
  return table;
}

const mapValues = <A, B>(
  object: Readonly<Record<string, A>>,
  of: (value: A) => B,
): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, of(value)]));

/** Counts come as big integers, which nothing here needs. */
function cellOf(value: JS): Cell {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(cellOf);
  return mapValues({ ...value }, cellOf);
}

async function openTable({ memory, threads }: Required<Omit<RecordTableOptions, 'withFile'>>): Promise<
  RecordTable & {
    readonly connection: DuckDBConnection;
  }
> {
  const spill = await mkdtemp(join(tmpdir(), 'landlens-records-'));
  const database = await DuckDBInstance.create(':memory:', {
    ...{ threads: `${threads}`, memory_limit: `${memory}MiB`, temp_directory: spill },
    // Nothing is fetched from the network.
    ...{ autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' },
  });
  const connection = await database.connect();
  return {
    connection,
    async query(sql) {
      try {
        const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS();
        return rows.map((row) => mapValues(row, cellOf));
      } catch (thrown) {
        // The lines that follow show the query.
        const [reason] = messageOf(thrown).split('\n');
        throw failAt('query', 'Columns are listed in docs/scale.md.')(`refused: ${reason}`);
      }
    },
    async writeParquet(sql, path) {
      const file = await openPending(path);
      try {
        await connection.run(
          `copy (${sql}) to ${sqlText(file.temporary)} (format parquet, compression zstd)`,
        );
      } catch (thrown) {
        await file.discard();
        throw writeError(path, thrown);
      }
      await file.commit();
    },
    async close() {
      connection.closeSync();
      database.closeSync();
      await rm(spill, { recursive: true, force: true });
    },
  };
}
