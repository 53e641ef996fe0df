/** Asks the records of a study's folder in SQL, while it runs, of its parts, or merged. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failAt } from '../../error.js';
import { isFile } from '../../io/file.js';
import { recordsFile } from '../parts/part.js';
import { openRecordTable, type Row } from './recordTable.js';

/** The files that hold the records of a study's folder: of the whole, else of the parts that are there. */
export async function recordPaths(folder: string): Promise<readonly string[]> {
  for (const whole of ['records.jsonl', 'records.parquet']) {
    if (await isFile(join(folder, whole))) return [join(folder, whole)];
  }
  const names = await readdir(join(folder, 'parts')).catch((): string[] => []);
  const shards = new Set(names.flatMap((name) => /^(\d+)\.(jsonl|parquet)$/.exec(name)?.[1] ?? []));
  const inOrder = [...shards].map(Number).sort((a, b) => a - b);
  const parts = await Promise.all(inOrder.map((shard) => recordsFile(folder, shard)));
  if (parts.length > 0) return parts.flatMap((path) => path ?? []);
  throw failAt(
    folder,
    'Run a study there first: landlens reproduce, or landlens study plan.',
  )('holds no records');
}

/**
 * The rows that a query selects of a study's records. `records` has a row per image, target and method, `metrics` one per
 * metric too; DuckDB's SQL, docs/scale.md lists the columns.
 * @throws InputError where the folder holds no records, or the query is refused, with what the database says
 * @example
 * const rows = await queryStudy(study.folder, 'select method, avg(auc_morf) as area from records group by method');
 * new dfd.DataFrame(rows);
 */
export async function queryStudy(folder: string, sql: string): Promise<readonly Row[]> {
  const table = await openRecordTable(await recordPaths(folder));
  try {
    return await table.query(sql);
  } finally {
    await table.close();
  }
}
