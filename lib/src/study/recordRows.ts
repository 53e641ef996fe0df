/** The records of a study as flat rows, for a DataFrame. */
import { methods } from '../attribution/methods.js';
import { eachMetric, type MetricId } from '../metric/metrics.js';
import type { NamedRecord } from './ownMethods.js';
import { randomBaseline } from './records.js';

interface RowFacts {
  readonly image: string;
  /** Id of the method; "random" is the baseline. */
  readonly method: string;
  readonly name: string;
  /** The paper's short form of the name. */
  readonly abbreviation: string;
  /** The explained class. */
  readonly target: string;
  /** Score of the whole image for that class, 0 to 1. */
  readonly score: number;
  /** Whether the class is one of the image's labels and predicted. */
  readonly truePositive: boolean;
  /** Relative L2 error that sampling leaves in the attribution; NaN for a method that is exact, Infinity where unknown. */
  readonly relativeError: number;
  /** Gradients (forward passes where there are none) that one explanation took; NaN for a method that is exact. */
  readonly evaluations: number;
  /** Share of the positive relevance inside the true mask of the class. */
  readonly share: number;
  /** Share of the image that the mask covers. */
  readonly area: number;
}

/**
 * One image and method; a number that does not apply is NaN. Max-Sensitivity is a ratio; AUC-MoRF in score x iterations;
 * file size in KB of 1024 bytes; seconds of one explanation.
 */
export type RecordRow = RowFacts & Readonly<Record<MetricId, number>>;

const baseline = { name: 'Random order', abbreviation: 'Random' };

/** The names of a record's method: those it gave itself, else the registry's, else its id. */
function namesOf(record: NamedRecord): Pick<RecordRow, 'name' | 'abbreviation'> {
  const { method: id } = record;
  const known = id === randomBaseline ? baseline : methods.find((method) => method.id === id);
  const { name = known?.name ?? id, abbreviation = known?.abbreviation ?? name } = record;
  return { name, abbreviation };
}

/**
 * Flat rows of a study's records, in their order.
 * @example
 * const rows = new dfd.DataFrame(recordRows(study.records));
 * rows.groupby(['name']).col(['aucMorf', 'fileSize']).mean();
 */
export function recordRows(records: readonly NamedRecord[]): readonly RecordRow[] {
  return records.map((record) => {
    const { image, method, target, metrics, sampling, localisation } = record;
    return {
      ...{ image, method, ...namesOf(record) },
      ...{ target: target.name, score: target.score, truePositive: target.truePositive },
      ...eachMetric((id) => metrics[id] ?? Number.NaN),
      relativeError:
        sampling === undefined ? Number.NaN : (sampling.relativeError ?? Number.POSITIVE_INFINITY),
      evaluations: sampling?.evaluations ?? Number.NaN,
      share: localisation?.share ?? Number.NaN,
      area: localisation?.area ?? Number.NaN,
    };
  });
}
