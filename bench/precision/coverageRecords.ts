/** The record of `npm run bench:coverage`: its settings in the first line, then one line for each image, variant and count. */
import { failAt } from 'landlens/error';
import { type DurableLines, openLines } from 'landlens/io/durableLines';
import { lineReader } from '../recordLine.js';

export interface CoverageFacts {
  readonly kind: 'run';
  readonly format: 'landlens coverage 1';
  /** Hash of the model's file, and of the code. */
  readonly model: string;
  readonly code: string;
  readonly seed: number;
}

/** How honest the stated error of one map is. */
export interface CoverageResult {
  readonly kind: 'result';
  /** As the command line names it. */
  readonly dataset: string;
  readonly rendered: boolean;
  readonly image: number;
  readonly target: string;
  readonly variant: string;
  readonly count: number;
  /** Shares of the 95 % intervals that hold the reference, of what carries relevance: of sums over the bands, and of values. */
  readonly pixels: number;
  readonly values: number;
  /** `relativeError` of the map, and what it is against the reference. */
  readonly stated: number;
  readonly truth: number;
  readonly degreesOfFreedom: number;
  readonly reference: { readonly count: number; readonly stated: number };
}

export type CoverageRecord = CoverageFacts | CoverageResult;

const parseRecord = lineReader<CoverageRecord>(
  ['run', 'result'],
  'Remove the file, or choose another --out.',
);

/**
 * Opens the record; one that is there is continued.
 * @throws InputError where it is of another model, seed or code: its results do not go together with this run's
 */
export async function openCoverage(
  path: string,
  facts: CoverageFacts,
): Promise<Omit<DurableLines<CoverageRecord>, 'earlier'> & { readonly earlier: readonly CoverageResult[] }> {
  const lines = await openLines(path, parseRecord);
  const [first] = lines.earlier;
  if (first === undefined) await lines.append(facts);
  else if (JSON.stringify(first) !== JSON.stringify(facts)) {
    await lines.close();
    const todo = 'Choose another --out, or remove the file.';
    throw failAt(path, todo)('the record is of another run', JSON.stringify(facts), JSON.stringify(first));
  }
  return { ...lines, earlier: lines.earlier.filter((record) => record.kind === 'result') };
}
