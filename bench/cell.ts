/** What one column of a row took: the seconds of every round, and what they say of the whole row. */
import { extrapolate, type Round } from './statistics.js';

/** One amount of the row's work, measured once a round. */
export interface Measured {
  /** See Amount. */
  readonly units: number;
  /** Each round's, counted as often as the amount says. */
  readonly seconds: readonly number[];
}

export interface Cell {
  /** The whole, or the largest part of it that was measured, last; the smaller part before it where the whole is extrapolated. */
  readonly measured: readonly Measured[];
  /** Units of the whole. */
  readonly units: number;
  /** What was measured of it, where it was not the whole. */
  readonly scaledFrom?: string;
  /** The peer's batch sizes. */
  readonly batch?: string;
  /** Largest memory of the process while it ran, in bytes; 0 where the system does not tell. */
  readonly peak: number;
  /** Bytes that the whole would take, where that is more than there is: it could not run. */
  readonly needs?: number;
}

/** A column that could not run. */
export interface NoCell {
  readonly outOfMemory: string;
}

export type AnyCell = Cell | NoCell | undefined;

export const hasRun = (cell: AnyCell): cell is Cell => cell !== undefined && 'measured' in cell;

/** Seconds of the whole row, round by round; unknown in a round in which the larger amount took no longer. */
export function wholeSeconds({ measured, units }: Cell): readonly Round[] {
  const high = measured[measured.length - 1];
  if (measured.length === 1) return high.seconds;
  const at = ({ units: own, seconds }: Measured, i: number) => ({ units: own, seconds: seconds[i] });
  return high.seconds.map((_, i) => extrapolate(at(measured[0], i), at(high, i), units));
}
