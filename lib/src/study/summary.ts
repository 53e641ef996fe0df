/** Means over the images of a study, per method, next to the paper's Table 3. */

import { mean } from 'simple-statistics';
import type { Correlation } from '../analysis/correlation.js';
import type { Dataset } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { type MetricId, type MetricValues, metrics } from '../metric/metrics.js';
import { ourColumn, rankAgreement } from './comparison.js';
import { type PaperDataset, paperTable3 } from './paper/paperTables.js';
import { randomBaseline, type StudyRecord } from './records.js';
import type { Selection } from './selection.js';

export interface LocalisationSummary {
  /** Images with a true mask of the class. */
  readonly images: number;
  /** Mean share of the positive relevance inside the mask, over images with any. */
  readonly share: number | undefined;
  /** Mean share of the image that the mask covers. */
  readonly area: number;
  /** Mean of share / area, over images with any positive relevance. */
  readonly ratio: number | undefined;
  /** Share of the images whose most relevant pixel lies inside. */
  readonly hit: number;
}

export interface MethodSummary {
  readonly id: string;
  readonly name: string;
  /** Images that were measured. */
  readonly images: number;
  /** Means; a metric that does not apply (to the random baseline) is absent. */
  readonly scores: MetricValues;
  readonly paper: MetricValues | undefined;
  /** Mean MoRF curve. */
  readonly morf: readonly number[];
  /** Means over the images, where the method samples or approximates. */
  readonly sampling: SamplingSummary | undefined;
  readonly localisation: LocalisationSummary | undefined;
}

export interface SamplingSummary {
  /** Relative L2 error to expect of one attribution; undefined where that of any image is unknown. */
  readonly relativeError: number | undefined;
  /** Gradients, or forward passes of a method without gradients, of one explanation. */
  readonly evaluations: number;
  /** Images whose tolerance was not reached. */
  readonly unreached: number;
}

export interface StudySummary {
  /** Says what the figures are of, in words; part of every table. */
  readonly context: StudyContext;
  /** In the order of the paper, the random baseline last. */
  readonly methods: readonly MethodSummary[];
  /** Spearman's rank correlation of our means with the paper's, where at least 3 methods differ. */
  readonly agreement: Readonly<Partial<Record<MetricId, Correlation>>>;
}

export interface StudyContext {
  readonly dataset: string;
  readonly rendered: boolean;
  /** Which images, where not all of the test split. */
  readonly selection?: Selection;
  readonly images: number;
  /** Images whose explained class is one of their labels. */
  readonly truePositives: number;
  readonly preset: string;
  readonly seed: number;
  readonly model: string;
  readonly modelHash: string;
  readonly versions: string;
  /** Every processor that seconds were measured on. */
  readonly devices: readonly string[];
  readonly paperColumn: PaperDataset;
}

/** The column of the paper with the image size that is nearer. */
export function paperColumnOf({ size }: Pick<Dataset, 'size'>): PaperDataset {
  return Math.abs(size - 120) <= Math.abs(size - 256) ? 'bigEarthNet' : 'sen12ms';
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : mean(values);

const isNumber = (value: number | undefined): value is number => value !== undefined;

export interface SummariseOptions {
  readonly dataset: Pick<Dataset, 'name' | 'rendered' | 'size'>;
  /** The model's name. */
  readonly model: string;
  /** Which images were studied, where not all of the test split. */
  readonly selection?: Selection;
}

/** Summarises the records of a complete study. `methods` gives ids and names in the paper's order. */
export function summarise(
  records: readonly StudyRecord[],
  methods: readonly { readonly id: string; readonly name: string }[],
  { dataset, model, selection }: SummariseOptions,
): StudySummary {
  const [first] = records;
  if (first === undefined) throw failAt('summarise')('no records to summarise');
  const paperColumn = paperColumnOf(dataset);
  const rows = [...methods, { id: randomBaseline, name: 'Random baseline' }].map((method) =>
    summariseMethod(
      method,
      records.filter((record) => record.method === method.id),
      paperTable3[method.id]?.[paperColumn],
    ),
  );
  const papers = {
    name: 'paper',
    scores: Object.fromEntries(rows.flatMap(({ id, paper }) => (paper === undefined ? [] : [[id, paper]]))),
  };
  const perImage = new Map(records.map((record) => [record.imageIndex, record]));
  return {
    context: {
      dataset: dataset.name,
      rendered: dataset.rendered,
      ...(selection && { selection }),
      images: perImage.size,
      truePositives: [...perImage.values()].filter(({ target }) => target.truePositive).length,
      preset: first.preset,
      seed: first.seed,
      model,
      modelHash: first.model,
      versions: Object.entries(first.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      devices: [...new Set(records.map(({ device }) => device))],
      paperColumn,
    },
    methods: rows,
    agreement: Object.fromEntries(
      metrics.flatMap(({ id }) => {
        const correlation = rankAgreement(ourColumn(rows), papers, id);
        return correlation === undefined ? [] : [[id, correlation]];
      }),
    ),
  };
}

/** Means of each metric over the records that have it. */
export const meanScores = (records: readonly Pick<StudyRecord, 'metrics'>[]): MetricValues =>
  Object.fromEntries(
    metrics.flatMap(({ id }) => {
      const value = meanOf(records.map((record) => record.metrics[id]).filter(isNumber));
      return value === undefined ? [] : [[id, value]];
    }),
  );

function summariseMethod(
  { id, name }: { readonly id: string; readonly name: string },
  records: readonly StudyRecord[],
  paper: MetricValues | undefined,
): MethodSummary {
  const curves = records.map(({ metrics }) => metrics.morf);
  return {
    id,
    name,
    images: records.length,
    scores: meanScores(records),
    paper,
    morf: (curves[0] ?? []).map((_, point) => meanOf(curves.map((curve) => curve[point])) ?? 0),
    sampling: summariseSampling(records),
    localisation: summariseLocalisation(records),
  };
}

function summariseSampling(records: readonly StudyRecord[]): SamplingSummary | undefined {
  const found = records.flatMap(({ sampling }) => sampling ?? []);
  const errors = found.flatMap(({ relativeError }) => relativeError ?? []);
  const relativeError = errors.length === found.length ? meanOf(errors) : undefined;
  const evaluations = meanOf(found.map((one) => one.evaluations));
  if (evaluations === undefined) return undefined;
  return { relativeError, evaluations, unreached: found.filter(({ reached }) => reached === false).length };
}

function summariseLocalisation(records: readonly StudyRecord[]): LocalisationSummary | undefined {
  const found = records.flatMap(({ localisation }) => localisation ?? []);
  const area = meanOf(found.map((one) => one.area));
  const hit = meanOf(found.map((one) => one.hit));
  if (area === undefined || hit === undefined) return undefined;
  return {
    images: found.length,
    share: meanOf(found.map((one) => one.share).filter(isNumber)),
    area,
    ratio: meanOf(found.map((one) => one.ratio).filter(isNumber)),
    hit,
  };
}
