/** The names of a data set's patches, split by split: found by index and, without further memory, by name. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../error.js';
import type { Dataset, Split } from './patch.js';

export const splitsInOrder: readonly Split[] = ['train', 'validation', 'test'];

/** Sorted by code units, as `sort()` does. */
export type NamesBySplit = Readonly<Record<Split, readonly string[]>>;

export interface SplitNames extends Pick<Dataset, 'count' | 'find'> {
  /** InputError if there is no such patch. */
  nameOf(split: Split, index: number): string;
  /** Patches in all splits together. */
  readonly total: number;
}

/** @param where what errors name: the folder of the data set */
export function splitNames(names: NamesBySplit, where: string): SplitNames {
  const of = (split: Split): readonly string[] => {
    requireSplit(split, where);
    return names[split];
  };
  return {
    total: splitsInOrder.reduce((sum, split) => sum + names[split].length, 0),
    count: (split) => of(split).length,
    nameOf(split, index) {
      const available = of(split);
      if (Number.isInteger(index) && index >= 0 && index < available.length) return available[index];
      throw new InputError({
        what: `no such patch in split "${split}"`,
        where,
        expected:
          available.length > 0 ? `an index from 0 to ${available.length - 1}` : 'a split with patches',
        got: `index ${index}`,
      });
    },
    find(name) {
      for (const split of splitsInOrder) {
        const index = positionOf(name, names[split]);
        if (index !== undefined) return { split, index };
      }
      return undefined;
    },
  };
}

/** Paths of the lists of names that make up the splits. */
export type SplitPaths = Readonly<Partial<Record<Split, string>>>;

/** Those of a data set's official lists that lie in the folder. */
export function listsIn(folder: string, files: Readonly<Record<Split, string>>): SplitPaths {
  const paths = splitsInOrder.map((split) => [split, join(folder, files[split])] as const);
  return Object.fromEntries(paths.filter(([, path]) => existsSync(path)));
}

/** Reads the lists. InputError if one is of an unknown split, missing or wrong. */
export async function readLists(
  paths: SplitPaths,
  readNames: (path: string) => Promise<ReadonlySet<string>>,
  where: string,
): Promise<Partial<Record<Split, SplitList>>> {
  for (const split of Object.keys(paths)) requireSplit(split, where);
  const lists: Partial<Record<Split, SplitList>> = {};
  for (const split of splitsInOrder) {
    const path = paths[split];
    if (path !== undefined) lists[split] = { path, names: await readNames(path) };
  }
  return lists;
}

/** A list of names that make up a split, and the file that it was read from. */
export interface SplitList {
  readonly path: string;
  readonly names: ReadonlySet<string>;
}

/**
 * The names by the split whose list holds them; names in no list are left out. With no lists all are in 'test'.
 * @throws InputError if a name is in two lists
 */
export function assignSplits(
  names: readonly string[],
  lists: Readonly<Partial<Record<Split, SplitList>>>,
): NamesBySplit {
  const given = splitsInOrder.flatMap((split) => {
    const list = lists[split];
    return list === undefined ? [] : [{ split, ...list }];
  });
  if (given.length === 0) return { train: [], validation: [], test: names };
  const assigned: Record<Split, string[]> = { train: [], validation: [], test: [] };
  for (const name of names) {
    const holders = given.filter((list) => list.names.has(name));
    if (holders.length > 1) {
      throw new InputError({
        what: `patch ${name} is listed in more than one split`,
        where: holders.map(({ path }) => path).join(' and '),
        expected: 'each patch in one split',
        todo: 'Correct the lists: a patch seen in training must not be evaluated.',
      });
    }
    for (const { split } of holders) assigned[split].push(name);
  }
  return assigned;
}

export function requireSplit(split: string, where: string): void {
  if (splitsInOrder.some((known) => known === split)) return;
  throw new InputError({
    what: 'unknown split',
    where,
    expected: splitsInOrder.join(' or '),
    got: JSON.stringify(split),
  });
}

/** Binary search: a map of half a million names would take as much memory again as the names. */
function positionOf(name: string, sorted: readonly string[]): number | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < name) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === name ? low : undefined;
}
