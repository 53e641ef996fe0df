/** One part of a planned study: measured by one process, recorded in a file of its own. */
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { failAt, messageOf } from '../../error.js';
import { readIfPresent } from '../../io/boundedFile.js';
import { isFile, writeFileAtomic } from '../../io/file.js';
import { type Check, isCount, isNumber, isText, optional, parseJson, shape } from '../../io/json.js';
import { withLock } from '../../io/lock.js';
import type { CreateProgress } from '../../io/progress.js';
import { describeDifferences } from '../manifest.js';
import { measureUnits, type Unit } from '../measureUnits.js';
import { readRecords, type StudyRecord } from '../records.js';
import type { RunOptions, StudyResult } from '../run.js';
import { drawSheet } from '../sheet.js';
import { factsOf, manifestOf, type Study } from '../study.js';
import { readSubject } from '../subject.js';
import { openRecordTable } from '../table/recordTable.js';
import type { ReadPlan } from './plan.js';
import { shareOut } from './shareOut.js';

export interface PartState {
  readonly state: 'running' | 'stopped' | 'done' | 'failed';
  /** Records of the part that are there, and that are planned. */
  readonly done: number;
  readonly planned: number;
  /** What the present run has done, by cost, of what the part holds; and in how many seconds. */
  readonly costDone: number;
  readonly costLeft: number;
  readonly seconds: number;
  /** Most that a process of this part has taken, in MiB. */
  readonly memory: number;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly updated: string;
  /** Why it failed. */
  readonly failure?: string;
}

/** Where the records of a part stand. */
export const recordsPath = (folder: string, shard: number): string => join(folder, 'parts', `${shard}.jsonl`);
/** The records of a part that is done, once more, as a table: what is merged and asked without reading all lines again. */
const tablePath = (folder: string, shard: number): string => join(folder, 'parts', `${shard}.parquet`);
const statePath = (folder: string, shard: number): string => join(folder, 'parts', `${shard}.json`);

/** The units of every part of a plan. */
export const unitsOf = ({ plan, images }: ReadPlan): readonly (readonly Unit[])[] => shareOut(images, plan);

export interface PartOptions extends Pick<RunOptions, 'signal'> {
  readonly createProgress: CreateProgress;
  /** Milliseconds in which another process that measures the part may end, or turn out to be dead. Default: 0. */
  readonly wait?: number;
}

/** Milliseconds between two notes of how far a part is. */
const interval = 10_000;

/**
 * Measures a part of a planned study, or what is left of it.
 * @param study what the plan says, opened here
 * @throws InputError where that is not what was planned (another model, data set or version), or where another process
 *   measures the part
 */
export async function runPart(
  plan: ReadPlan,
  shard: number,
  study: Omit<Study, 'images' | 'folder'>,
  { signal, createProgress, wait = 0 }: PartOptions,
): Promise<StudyResult> {
  const { folder, manifest } = plan;
  const parameters = study.methods.map(({ id, explain }) => [id, explain.parameters ?? {}]);
  const differences = describeDifferences(manifest, {
    ...manifestOf(study),
    methods: Object.fromEntries(parameters),
  });
  if (differences.length > 0) {
    const fail = failAt(
      folder,
      'Run all parts with the versions and files that it was planned with, or plan it again in another folder.',
    );
    throw fail(`this is not what was planned: ${differences.join('; ')}`);
  }
  const parts = unitsOf(plan);
  const units = parts[shard];
  const { costs } = plan.plan;
  const planned = units.flatMap(({ methods }) => methods);
  return withLock(
    recordsPath(folder, shard),
    'file',
    async (requireHeld) => {
      const since = Date.now();
      const earlier = (await readState(folder, shard).catch(() => undefined))?.memory ?? 0;
      let written = 0;
      let done = 0;
      let costDone = 0;
      let costLeft = 0;
      const note = async (state: PartState['state'], failure?: string): Promise<void> => {
        written = Date.now();
        const content: PartState = {
          ...{ state, done, planned: planned.length, costDone, costLeft, seconds: (written - since) / 1000 },
          memory: Math.max(earlier, Math.ceil(process.resourceUsage().maxRSS / 1024)),
          ...{ host: hostname(), pid: process.pid, updated: new Date(written).toISOString() },
          ...(failure !== undefined && { failure }),
        };
        await writeFileAtomic(statePath(folder, shard), `${JSON.stringify(content, undefined, 2)}\n`);
      };
      // A disk that is full fails the records, which say so.
      let noting: Promise<void> = note('running').catch(() => undefined);
      const counted: CreateProgress = (steps, options) => {
        const shown = createProgress(steps, options);
        let current = '';
        done = planned.length - steps.length;
        costLeft = steps.reduce((sum, id) => sum + costs[id], 0);
        return {
          start(id, label) {
            current = id;
            shown.start(id, label);
          },
          done() {
            done++;
            costDone += costs[current];
            costLeft -= costs[current];
            shown.done();
            if (Date.now() - written >= interval)
              noting = noting.then(() => note('running')).catch(() => undefined);
          },
          finish: () => shown.finish(),
        };
      };
      try {
        const records = await measureUnits({
          study: { ...study, folder },
          ...{ units, manifest, records: recordsPath(folder, shard), split: plan.plan.selection.split },
          createProgress: counted,
          requireHeld,
          ...(signal && { signal }),
        });
        const complete = records.length === planned.length;
        if (complete) {
          await drawShared(plan, study, parts, shard);
          await writeTable(folder, shard);
        }
        await noting;
        await note(complete ? 'done' : 'stopped');
        return { complete, records };
      } catch (thrown) {
        await noting;
        await note('failed', messageOf(thrown)).catch(() => undefined);
        throw thrown;
      }
    },
    { wait },
  );
}

async function writeTable(folder: string, shard: number): Promise<void> {
  if (!(await isFile(recordsPath(folder, shard)))) return;
  const table = await openRecordTable([recordsPath(folder, shard)]);
  try {
    await table.writeParquet('select * from records', tablePath(folder, shard));
  } finally {
    await table.close();
  }
}

/** The file to read the records of a part from: its table where that is no older than its lines; undefined before any. */
export async function recordsFile(folder: string, shard: number): Promise<string | undefined> {
  const [lines, table] = [recordsPath(folder, shard), tablePath(folder, shard)];
  const [written, made] = await Promise.all([lines, table].map((path) => stat(path).catch(() => undefined)));
  if (made !== undefined && (written === undefined || made.mtimeMs >= written.mtimeMs)) return table;
  return written === undefined ? undefined : lines;
}

/** Draws the sheets of images that several parts share, where the others have ended: the last one finds all maps. */
async function drawShared(
  { folder, plan, manifest }: ReadPlan,
  study: Omit<Study, 'images' | 'folder'>,
  parts: readonly (readonly Unit[])[],
  shard: number,
): Promise<void> {
  const ids = Object.keys(plan.costs);
  for (const { index, target, methods } of parts[shard]) {
    if (methods.length === ids.length) continue;
    const found: StudyRecord[] = [];
    for (const [other, units] of parts.entries()) {
      if (!units.some((unit) => unit.index === index)) continue;
      const records = await readRecords(recordsPath(folder, other), factsOf(manifest));
      found.push(...records.filter(({ imageIndex }) => imageIndex === index));
    }
    if (found.length < ids.length) continue;
    const { dataset, classifier } = study;
    const subject = await readSubject(dataset, classifier, index, target, plan.selection.split);
    await drawSheet(subject, { ...study, folder }, (id) => found.find(({ method }) => method === id));
  }
}

const stateFields: Readonly<Record<keyof Required<PartState>, Check>> = {
  state: (value) => ['running', 'stopped', 'done', 'failed'].some((known) => known === value),
  ...{ done: isCount, planned: isCount, costDone: isNumber, costLeft: isNumber, seconds: isNumber },
  memory: isNumber,
  ...{ host: isText, pid: isCount, updated: isText, failure: optional(isText) },
};

const isState = (value: unknown): value is PartState => shape(stateFields)(value);

/** What a part last noted; undefined where it has not begun. */
export async function readState(folder: string, shard: number): Promise<PartState | undefined> {
  const path = statePath(folder, shard);
  const todo = 'Delete the file; the part writes it anew.';
  const bytes = await readIfPresent(path, { maximumBytes: 2 ** 16, todo });
  if (bytes === undefined) return undefined;
  const value: unknown = parseJson(bytes);
  if (isState(value)) return value;
  throw failAt(path, todo)('not what a part notes of itself');
}
