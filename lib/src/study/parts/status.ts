/** How far a planned study is: its parts, their speed, and what is left. */
import { describeHolder } from '../../io/holder.js';
import { holderAt } from '../../io/lock.js';
import { duration } from '../../io/progress.js';
import { oneLine } from '../../text.js';
import { type PartState, readState, recordsPath, unitsOf } from './part.js';
import type { ReadPlan } from './plan.js';

export interface PartStatus {
  readonly shard: number;
  /** As it says itself; "lost" where it says that it runs, but nobody holds it. */
  readonly state: PartState['state'] | 'lost' | 'not begun';
  readonly done: number;
  readonly planned: number;
  /** In the unit of the study's costs. */
  readonly costLeft: number;
  /** Cost a second of its present run; undefined where it does not run, or nothing is done yet. */
  readonly speed: number | undefined;
  /** Who runs it, or why it failed. */
  readonly note: string;
}

export interface StudyStatus {
  readonly parts: readonly PartStatus[];
  /** Records. */
  readonly done: number;
  readonly planned: number;
  /** Until the last of the running parts ends, at the speed of each; undefined where none tells its speed. */
  readonly secondsLeft: number | undefined;
  /** Of all running parts together, by every method; undefined where none tells its speed. */
  readonly imagesPerHour: number | undefined;
}

/** Asks every part; nothing is changed. */
export async function statusOf(plan: ReadPlan): Promise<StudyStatus> {
  const { costs } = plan.plan;
  const parts: PartStatus[] = [];
  for (const [shard, units] of unitsOf(plan).entries()) {
    const ids = units.flatMap(({ methods }) => methods);
    const noted = await readState(plan.folder, shard);
    const holder = await holderAt(recordsPath(plan.folder, shard), 'file');
    const state = noted?.state === 'running' && holder === undefined ? 'lost' : (noted?.state ?? 'not begun');
    const { done = 0, seconds = 0, costDone = 0 } = noted ?? {};
    parts.push({
      ...{ shard, state, done, planned: ids.length },
      costLeft: noted?.costLeft ?? ids.reduce((sum, id) => sum + costs[id], 0),
      speed: state === 'running' && costDone > 0 && seconds > 0 ? costDone / seconds : undefined,
      note: noted?.failure ?? (holder === undefined ? '' : describeHolder(holder)),
    });
  }
  const costOfImage = Object.values(costs).reduce((total, cost) => total + cost, 0);
  const lefts = parts.flatMap(({ speed, costLeft }) => (speed === undefined ? [] : [costLeft / speed]));
  const sum = (of: (part: PartStatus) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    parts,
    done: sum(({ done }) => done),
    planned: sum(({ planned }) => planned),
    ...(lefts.length === 0
      ? { secondsLeft: undefined, imagesPerHour: undefined }
      : {
          secondsLeft: Math.max(...lefts),
          imagesPerHour: (3600 * sum(({ speed = 0 }) => speed)) / costOfImage,
        }),
  };
}

/** The status as lines of text: the parts that are not done, those that have not begun in runs, then the whole. */
export function statusText({ parts, done, planned, secondsLeft, imagesPerHour }: StudyStatus): string {
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const { shard, state, done: own, planned: all, note } = parts[i];
    if (state === 'done') continue;
    let last = i;
    while (state === 'not begun' && parts[last + 1]?.state === 'not begun') last++;
    lines.push(
      last === i
        ? `part ${shard}: ${state}, ${own} of ${all} records${note === '' ? '' : `; ${oneLine(note)}`}`
        : `parts ${shard} to ${parts[last].shard}: ${state}`,
    );
    i = last;
  }
  const finished = parts.filter(({ state }) => state === 'done').length;
  const left =
    secondsLeft === undefined || imagesPerHour === undefined
      ? ''
      : `; ${imagesPerHour.toPrecision(3)} images an hour, about ${duration(1000 * secondsLeft)} left`;
  return [...lines, `${finished} of ${parts.length} parts done, ${done} of ${planned} records${left}`].join(
    '\n',
  );
}
