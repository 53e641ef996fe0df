/** The record of a run: its settings in the first line, then one line for everything that was measured. */
import { rm } from 'node:fs/promises';
import { type DurableLines, openLines } from 'landlens/io/durableLines';
import type { Machine } from './machine.js';
import type { RowResult } from './measureRow.js';
import type { BenchOptions } from './options.js';
import type { Precision } from './precision/sameError.js';
import { lineReader } from './recordLine.js';
import type { Sweep } from './sweeps.js';
import type { NetworkName } from './task.js';

export interface Rate {
  readonly gflops: number;
  /** Side of the matrices. */
  readonly size: number;
}

export interface RunFacts {
  readonly kind: 'run';
  readonly format: 'landlens bench 2';
  readonly machine: Machine;
  readonly code: string;
  readonly options: Omit<BenchOptions, 'out' | 'effort' | 'fresh'>;
}

interface OfSubject {
  readonly network: NetworkName;
  readonly size: number;
}

export type BenchRecord =
  | RunFacts
  | { readonly kind: 'peak'; readonly ours: Rate; readonly peer: Rate }
  | ({
      readonly kind: 'subject';
      /** Multiply-adds of one forward pass. */
      readonly multiplyAdds: number;
      readonly target: number;
      readonly versions: Readonly<Record<string, string>>;
    } & OfSubject)
  | ({ readonly kind: 'precision' } & OfSubject & Precision)
  | ({ readonly kind: 'sweep' } & OfSubject & Sweep)
  | ({ readonly kind: 'row'; readonly id: string } & OfSubject & RowResult);

export type RecordOf<Kind extends BenchRecord['kind']> = Extract<BenchRecord, { readonly kind: Kind }>;

const kinds: readonly BenchRecord['kind'][] = ['run', 'peak', 'subject', 'precision', 'sweep', 'row'];

const parseRecord = lineReader<BenchRecord>(kinds, 'Delete the file.');

/** Opens the record of this run: what a stopped run of the same code and options left, else, or if `fresh`, an empty one. */
export async function openRecord(
  path: string,
  facts: RunFacts,
  fresh: boolean,
): Promise<DurableLines<BenchRecord>> {
  const found = await openLines(path, parseRecord);
  const [first] = found.earlier;
  const isSame = first !== undefined && JSON.stringify(first) === JSON.stringify(facts);
  if (isSame && !fresh) return found;
  if (first !== undefined && !fresh) console.log('A stopped run of other code or options is not continued.');
  await found.close();
  await rm(path);
  const empty = await openLines(path, parseRecord);
  await empty.append(facts);
  return { ...empty, earlier: [facts] };
}
