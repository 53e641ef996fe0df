/** The one table of a planned study, of what its parts have recorded. */
import { join } from 'node:path';
import { failAt } from '../../error.js';
import { openPending, writeError } from '../../io/file.js';
import { withLock } from '../../io/lock.js';
import { readRecords, type StudyRecord } from '../records.js';
import { factsOf } from '../study.js';
import { recordsPath, unitsOf } from './part.js';
import type { ReadPlan } from './plan.js';

const keyOf = (index: number, method: string): string => `${index} ${method}`;

/**
 * Checks that every planned record is there once and of the planned versions, and writes records.jsonl: in the order that one
 * undisturbed process would have recorded.
 * @returns the records, image by image in the seeded order, the random baseline first
 * @throws InputError where records are missing, with the commands that get them; where one is there twice or not planned
 */
export async function mergeParts(plan: ReadPlan): Promise<readonly StudyRecord[]> {
  const { folder, manifest, images } = plan;
  const found = new Map<string, StudyRecord>();
  const missing: { readonly shard: number; readonly count: number }[] = [];
  for (const [shard, units] of unitsOf(plan).entries()) {
    const planned = new Set(units.flatMap(({ index, methods }) => methods.map((id) => keyOf(index, id))));
    const path = recordsPath(folder, shard);
    for (const record of await readRecords(path, factsOf(manifest))) {
      const key = keyOf(record.imageIndex, record.method);
      const what = `${record.method} of ${record.image}`;
      const fail = failAt(path, 'Delete the line, and the part measures anew what it lacks.');
      if (!planned.has(key)) throw fail(`a record that is not planned here: ${what}`);
      if (found.has(key)) throw fail(`a record that is there twice: ${what}`);
      found.set(key, record);
    }
    const count = [...planned].filter((key) => !found.has(key)).length;
    if (count > 0) missing.push({ shard, count });
  }
  if (missing.length > 0) {
    const total = missing.reduce((sum, { count }) => sum + count, 0);
    const commands = missing.map(({ shard }) => `landlens study run ${folder} --shard ${shard}`);
    throw failAt(
      folder,
      `Get them by:\n  ${commands.join('\n  ')}`,
    )(`${total} records of ${missing.length} ${missing.length === 1 ? 'part' : 'parts'} are missing`);
  }
  const records = images.flatMap(({ index }) =>
    Object.keys(plan.plan.costs).flatMap((id) => found.get(keyOf(index, id)) ?? []),
  );
  await withLock(folder, 'folder', async () => {
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
    await writeLines(path, records);
  });
  return records;
}

/** Written together, a file of many records would be one string. */
const linesAtOnce = 1000;

async function writeLines(path: string, records: readonly StudyRecord[]): Promise<void> {
  const file = await openPending(path);
  try {
    for (let start = 0; start < records.length; start += linesAtOnce) {
      const lines = records.slice(start, start + linesAtOnce).map((record) => `${JSON.stringify(record)}\n`);
      await file.handle.appendFile(lines.join(''));
    }
  } catch (thrown) {
    await file.discard();
    throw writeError(path, thrown);
  }
  await file.commit();
}
