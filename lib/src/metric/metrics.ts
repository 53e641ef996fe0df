/** The metrics of the study's records and tables: each is an entry here, and has a column in every table. */
import type { Attribution, Explain } from '../attribution/attribution.js';
import type { Tensor } from '../tensor.js';
import { fileSize } from './complexity/fileSize.js';
import { areaUnderCurve, type PerturbationCurve } from './faithfulness/morf.js';
import { maxSensitivity } from './robustness/maxSensitivity.js';

/** One map of one image: what a metric may look at. */
export interface Explained {
  /** [1, bands, height, width], network input units. */
  readonly image: Tensor;
  /** Index into the classifier's classes. */
  readonly target: number;
  /** Relevance [height, width], as shown, ranked and compressed. */
  readonly map: Tensor;
  /** The scores while the map's most relevant pixels are removed. */
  readonly curve: PerturbationCurve;
  /** What made the map; absent for the random baseline, which explains nothing. */
  readonly explanation?: {
    readonly explain: Explain;
    readonly attribution: Attribution;
    /** Median time of one explanation. */
    readonly seconds: number;
  };
  /** Random neighbours in Max-Sensitivity, and the half-width of their noise in network input units. */
  readonly settings: { readonly draws: number; readonly radius: number };
  /** Of the image and the study. */
  readonly seed: number;
}

export interface Metric {
  /** Its key in records and rows. */
  readonly id: string;
  /** Its heading in tables, with its unit. */
  readonly heading: string;
  /** Its column in CSV files. */
  readonly column: string;
  readonly better: 'lower' | 'higher';
  /** A finite number for each explanation; undefined for the random baseline, where that has no such thing. */
  measure(explained: Explained): number | undefined | Promise<number | undefined>;
}

/** In the order of the tables' columns. */
export const metrics = [
  {
    id: 'maxSensitivity',
    heading: 'Max-Sensitivity',
    column: 'max_sensitivity',
    better: 'lower',
    async measure({ explanation, image, target, settings: { draws, radius }, seed }) {
      if (explanation === undefined) return undefined;
      const options = { draws, radius, seed, original: explanation.attribution.values };
      return (await maxSensitivity(explanation.explain, image, target, options))[0];
    },
  },
  {
    id: 'aucMorf',
    heading: 'AUC-MoRF',
    column: 'auc_morf',
    better: 'lower',
    measure: ({ curve }) => areaUnderCurve(curve),
  },
  {
    id: 'fileSize',
    heading: 'File size (KB)',
    column: 'file_size_kb',
    better: 'lower',
    measure: async ({ explanation, map }) => explanation && (await fileSize(map)) / 1024,
  },
  {
    id: 'seconds',
    heading: 'Time (s)',
    column: 'seconds',
    better: 'lower',
    measure: ({ explanation }) => explanation?.seconds,
  },
] as const satisfies readonly Metric[];

/** "maxSensitivity", "aucMorf", … */
export type MetricId = (typeof metrics)[number]['id'];

/** Values by metric; one that does not apply is absent. */
export type MetricValues = Readonly<Partial<Record<MetricId, number>>>;

/** One value of every metric. */
export function eachMetric(value: (id: MetricId) => number): Readonly<Record<MetricId, number>> {
  const values: Partial<Record<MetricId, number>> = {};
  for (const { id } of metrics) values[id] = value(id);
  if (!hasEachMetric(values)) throw new Error('a metric is missing');
  return values;
}

function hasEachMetric(values: MetricValues): values is Readonly<Record<MetricId, number>> {
  return metrics.every(({ id }) => values[id] !== undefined);
}
