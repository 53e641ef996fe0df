/** The names of a data set's patches, split by split: found by index and, without further memory, by name. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requireChoice, requireCount } from '../check.js';
import { failAt } from '../error.js';
import type { Dataset, Split } from './patch.js';

export const splitsInOrder: readonly Split[] = ['train', 'validation', 'test'];

/** The split that a table names; undefined for any other text. */
export const splitOf = (text: unknown): Split | undefined =>
  splitsInOrder.find((split) => split === (text === 'val' ? 'validation' : text));

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
      throw failAt(where)(...noSuchPatch(split, index, available.length));
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

/**
 * Names of patches that are made from a seed: the prefix, the split and a number from 0.
 * @param where what errors name
 * @throws InputError for counts that are none; from `nameOf` if there is no such patch
 */
export function numberedNames(
  prefix: string,
  counts: Readonly<Record<Split, number>>,
  where: string,
): Omit<SplitNames, 'total'> {
  for (const split of splitsInOrder) requireCount(counts[split], `${where}, counts.${split}`, 0);
  const count = (split: Split): number => {
    requireSplit(split, where);
    return counts[split];
  };
  const name = (split: Split, index: number): string => `${prefix}-${split}-${index}`;
  return {
    count,
    nameOf(split, index) {
      const available = count(split);
      if (Number.isInteger(index) && index >= 0 && index < available) return name(split, index);
      throw failAt(where)(...noSuchPatch(split, index, available));
    },
    find(given) {
      const index = Number(/-(\d{1,15})$/.exec(given)?.[1]);
      const split = splitsInOrder.find((each) => given === name(each, index));
      return split === undefined || index >= counts[split] ? undefined : { split, index };
    },
  };
}

function noSuchPatch(split: Split, index: number, available: number): [string, string, string] {
  const expected = available > 0 ? `an index from 0 to ${available - 1}` : 'a split with patches';
  return [`no such patch in split "${split}"`, expected, `index ${index}`];
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
  const given = splitsInOrder.flatMap((split) => (lists[split] ? [{ split, ...lists[split] }] : []));
  if (given.length === 0) return { train: [], validation: [], test: names };
  const assigned: Record<Split, string[]> = { train: [], validation: [], test: [] };
  for (const name of names) {
    const holders = given.filter((list) => list.names.has(name));
    if (holders.length > 1) {
      const paths = holders.map(({ path }) => path).join(' and ');
      const fail = failAt(paths, 'Correct the lists: a patch seen in training must not be evaluated.');
      throw fail(`patch ${name} is listed in more than one split`, 'each patch in one split');
    }
    for (const { split } of holders) assigned[split].push(name);
  }
  return assigned;
}

export function requireSplit(split: string, where: string): void {
  requireChoice<string>('split', split, splitsInOrder, where);
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
