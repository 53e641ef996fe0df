/** The one table of a planned study, of what its parts have recorded. */
import { join } from 'node:path';
import { failAt } from '../../error.js';
import { openPending, writeError } from '../../io/file.js';
import { withLock } from '../../io/lock.js';
import { shellWord } from '../../text.js';
import { studyId } from '../manifest.js';
import { readRecords, type StudyRecord } from '../records.js';
import { factsOf } from '../study.js';
import { openRecordTable, type RecordTable, sqlText } from '../table/recordTable.js';
import { recordsFile, recordsPath, unitsOf } from './part.js';
import { imagesPath, type ReadPlan } from './plan.js';
import { wholeImages } from './shareOut.js';

/** Where the merged records of a plan stand, one row for each. */
export const tablePath = (folder: string): string => join(folder, 'records.parquet');

/** Up to so many records a merge leaves records.jsonl too, so that the folder is one that `reproduce` could have left. */
const mostLines = 100_000;

/**
 * Checks that every planned record is there once and of the planned versions, and writes records.parquet, and records.jsonl where
 * they are not too many: image by image in the seeded order, by each the random baseline, then the methods. Memory is bounded,
 * however many they are.
 * @returns the number of records
 * @throws InputError where records are missing, with the commands that get them; where one is there twice or not planned
 */
export async function mergeParts(plan: ReadPlan): Promise<number> {
  const { folder, images } = plan;
  return withLock(folder, 'folder', async () => {
    const ids = Object.keys(plan.plan.costs);
    const paths: string[] = [];
    for (let shard = 0; shard < plan.plan.shards; shard++) {
      const path = await recordsFile(folder, shard);
      if (path !== undefined) paths.push(path);
    }
    if (paths.length === 0) throw missingRecords(folder, unitsOf(plan).map(countOf));
    const table = await openRecordTable(paths, { withFile: true });
    try {
      await table.query(
        `create table planned as
         select place, image_index, method, list_position([${ids.map(sqlText).join(', ')}], method) as turn
         from (select row_number() over () - 1 as place, index as image_index
               from read_json(${sqlText(imagesPath(folder))}, format = 'newline_delimited', columns = {index: 'INTEGER'})),
              (select unnest([${ids.map(sqlText).join(', ')}]) as method)`,
      );
      await requireOwn(table, plan);
      await requireWhole(table, plan);
      const rows = `select records.* exclude (file) from records join planned using (image_index, method) order by place, turn`;
      await table.writeParquet(rows, tablePath(folder));
    } finally {
      await table.close();
    }
    const count = images.length * ids.length;
    if (count <= mostLines) await writeLines(plan);
    return count;
  });
}

/** InputError where the parts hold what was not planned, or anything twice. */
async function requireOwn(table: RecordTable, { manifest }: ReadPlan): Promise<void> {
  const wrong: Readonly<Record<string, string>> = {
    'a record of another study': `select * from records where study <> ${sqlText(studyId(manifest))}`,
    'a record that is not planned': 'select * from records anti join planned using (image_index, method)',
    'a record that is there twice':
      'select max(file) as file, method, any_value(image) as image from records group by image_index, method having count(*) > 1',
  };
  for (const [what, query] of Object.entries(wrong)) {
    const [found] = await table.query(`select file, method, image from (${query}) order by file limit 1`);
    if (found === undefined) continue;
    const { file, method, image } = found;
    const lines = String(file).replace(/\.parquet$/, '.jsonl');
    const fail = failAt(lines, 'Delete its line, and the part measures anew what it lacks.');
    throw fail(`${what}: ${method} of ${image}`);
  }
}

const countOf = (units: readonly { readonly methods: readonly string[] }[]): number =>
  units.reduce((sum, { methods }) => sum + methods.length, 0);

/** InputError where anything is missing, with the commands that get it. */
async function requireWhole(table: RecordTable, plan: ReadPlan): Promise<void> {
  const { folder, images, manifest } = plan;
  const { shards } = plan.plan;
  const whole = wholeImages(images.length, shards);
  const missing = 'planned anti join records using (image_index, method)';
  const counts = new Array<number>(shards).fill(0);
  // As `shareOut` has it: whole images in turn, those that are left by their methods.
  for (const { shard, count } of await table.query(
    `select place % ${shards} as shard, count(*) as count from ${missing} where place < ${whole} group by shard`,
  )) {
    counts[Number(shard)] += Number(count);
  }
  const rest = await table.query(`select image_index, method from ${missing} where place >= ${whole}`);
  for (const [shard, units] of rest.length === 0 ? [] : unitsOf(plan).entries()) {
    counts[shard] += rest.filter(({ image_index: index, method }) =>
      units.some((unit) => unit.index === index && unit.methods.some((id) => id === method)),
    ).length;
  }
  if (counts.every((count) => count === 0)) return;
  for (const [shard, count] of counts.entries()) {
    // A damaged line is no record: this says which one it is.
    if (count > 0) await readRecords(recordsPath(folder, shard), factsOf(manifest));
  }
  throw missingRecords(folder, counts);
}

function missingRecords(folder: string, counts: readonly number[]): Error {
  const shards = [...counts.keys()].filter((shard) => counts[shard] > 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shown = shards
    .slice(0, 20)
    .map((shard) => `landlens study run ${shellWord(folder)} --shard ${shard}`);
  if (shards.length > shown.length) shown.push(`and so on, of ${shards.length} parts`);
  return failAt(
    folder,
    `Get them by:\n  ${shown.join('\n  ')}`,
  )(`${total} records of ${shards.length} ${shards.length === 1 ? 'part' : 'parts'} are missing`);
}

/** records.jsonl, of records that are known to be whole. */
async function writeLines(plan: ReadPlan): Promise<void> {
  const { folder, images, manifest } = plan;
  const ids = Object.keys(plan.plan.costs);
  const keyOf = (index: number, method: string): string => `${index} ${method}`;
  const found = new Map<string, StudyRecord>();
  for (let shard = 0; shard < plan.plan.shards; shard++) {
    for (const record of await readRecords(recordsPath(folder, shard), factsOf(manifest))) {
      found.set(keyOf(record.imageIndex, record.method), record);
    }
  }
  const path = join(folder, 'records.jsonl');
  const other = (await readRecords(path, factsOf(manifest))).find(
    ({ imageIndex, method }) => !found.has(keyOf(imageIndex, method)),
  );
  if (other !== undefined) {
    throw failAt(
      path,
      'Move the file elsewhere.',
    )(`it would be replaced, and holds what is not planned: ${other.method} of ${other.image}`);
  }
  const file = await openPending(path);
  try {
    for (const { index } of images) {
      const lines = ids
        .flatMap((id) => found.get(keyOf(index, id)) ?? [])
        .map((record) => `${JSON.stringify(record)}\n`);
      await file.handle.appendFile(lines.join(''));
    }
  } catch (thrown) {
    await file.discard();
    throw writeError(path, thrown);
  }
  await file.commit();
}
