/** Records of a run that never was, for what is computed from them. */
import type { BenchRecord } from '../../bench/benchRecords.js';
import type { Cell } from '../../bench/cell.js';
import type { Agreement } from '../../bench/measureRow.js';

/** A whole row, timed once a round. */
export const cell = (seconds: readonly number[], more: Partial<Cell> = {}): Cell => ({
  ...{ measured: [{ units: 1, seconds }], units: 1, peak: 2 ** 30 },
  ...more,
});

/** Five rounds around a median, within 4 %. */
export const around = (median: number): readonly number[] =>
  [1.02, 1, 0.96, 1.04, 0.98].map((share) => share * median);

export const agreement = (agrees: boolean): Agreement => ({ what: 'map', largest: 1e-6, norm: 1e-6, agrees });

const subject = { network: 'densenet121', size: 120 } as const;

export const start: readonly BenchRecord[] = [
  { kind: 'peak', ours: { gflops: 80, size: 512 }, peer: { gflops: 100, size: 1024 } },
  { kind: 'subject', ...subject, multiplyAdds: 1e9, target: 0, versions: { landlens: '1' } },
];

/** A row whose values agree, from the cells of its columns. */
export const row = (
  id: string,
  cells: Extract<BenchRecord, { kind: 'row' }>['cells'],
  agrees = true,
): BenchRecord => ({ kind: 'row', ...subject, id, agreement: agreement(agrees), cells });

/** landlens takes a second, the peer so many, in rounds that drift together. */
export const ratioRow = (id: string, ratio: number): BenchRecord =>
  row(id, { ours: cell(around(1)), best: cell(around(ratio)) });
