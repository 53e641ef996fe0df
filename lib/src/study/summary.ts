/** Means over the images of a study, per method, next to the paper's Table 3. */

import { mean } from 'simple-statistics';
import type { Correlation } from '../analysis/correlation.js';
import type { Dataset } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { fieldsOf, isCount, isNumber, isNumbers, isTexts, parseJson } from '../io/json.js';
import { type MetricId, type MetricValues, metrics } from '../metric/metrics.js';
import { ourColumn, rankAgreement } from './comparison.js';
import { type PaperDataset, paperTable3 } from './paper/paperTables.js';
import { randomBaseline, type StudyRecord } from './records.js';
import type { Selection } from './selection.js';
import { context } from './table/queries/context.js';
import { localisation } from './table/queries/localisation.js';
import { morfCurves } from './table/queries/morfCurves.js';
import { sampling } from './table/queries/sampling.js';
import { table3 } from './table/queries/table3.js';
import { type Cell, type RecordTable, type Row, recordTableOf } from './table/recordTable.js';

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

export interface SummariseOptions {
  readonly dataset: Pick<Dataset, 'name' | 'rendered' | 'size'>;
  /** The model's name. */
  readonly model: string;
  /** Which images were studied, where not all of the test split. */
  readonly selection?: Selection;
}

type Methods = readonly { readonly id: string; readonly name: string }[];

/**
 * Summarises the records of a complete study.
 * @param methods ids and names, in the paper's order
 * @example const { methods } = await summarise(records, bindMethods(classifier), { dataset, model: classifier.name });
 */
export async function summarise(
  records: readonly StudyRecord[],
  methods: Methods,
  options: SummariseOptions,
): Promise<StudySummary> {
  const table = await recordTableOf(records);
  try {
    return await summariseTable(table, methods, options);
  } finally {
    await table.close();
  }
}

/** As `summarise`, of records that need not fit into memory. */
export async function summariseTable(
  table: RecordTable,
  methods: Methods,
  { dataset, model, selection }: SummariseOptions,
): Promise<StudySummary> {
  const [facts] = await table.query(context);
  const { images, truePositives, preset, seed, model: modelHash, versions, devices } = facts ?? {};
  if (!isCount(images) || images === 0) throw failAt('summarise')('no records to summarise');
  const found = {
    scores: byMethod(await table.query(table3)),
    curves: byMethod(await table.query(morfCurves)),
    sampling: byMethod(await table.query(sampling)),
    localisation: byMethod(await table.query(localisation)),
  };
  const paperColumn = paperColumnOf(dataset);
  const rows = [...methods, { id: randomBaseline, name: 'Random baseline' }].map(
    ({ id, name }): MethodSummary => {
      const scores = found.scores.get(id);
      const curve = found.curves.get(id)?.curve;
      return {
        ...{ id, name, images: numberOf(scores?.images) ?? 0 },
        scores: Object.fromEntries(
          metrics.flatMap(({ id: metric }) => {
            const value = numberOf(scores?.[metric]);
            return value === undefined ? [] : [[metric, value]];
          }),
        ),
        paper: paperTable3[id]?.[paperColumn],
        morf: isNumbers(curve) ? curve : [],
        sampling: samplingOf(found.sampling.get(id)),
        localisation: localisationOf(found.localisation.get(id)),
      };
    },
  );
  const papers = {
    name: 'paper',
    scores: Object.fromEntries(rows.flatMap(({ id, paper }) => (paper === undefined ? [] : [[id, paper]]))),
  };
  return {
    context: {
      dataset: dataset.name,
      rendered: dataset.rendered,
      ...(selection && { selection }),
      ...{ images, truePositives: numberOf(truePositives) ?? 0, paperColumn },
      ...{ preset: String(preset), seed: numberOf(seed) ?? 0, model, modelHash: String(modelHash) },
      versions: Object.entries(fieldsOf(parseJson(String(versions))))
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      devices: isTexts(devices) ? devices : [],
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

const byMethod = (rows: readonly Row[]): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [String(row.method), row]));

/** SQL's null is a mean over no images. */
const numberOf = (cell: Cell | undefined): number | undefined => (isNumber(cell) ? cell : undefined);

function samplingOf(row: Row | undefined): SamplingSummary | undefined {
  const evaluations = numberOf(row?.evaluations);
  if (evaluations === undefined) return undefined;
  return {
    relativeError: numberOf(row?.relativeError),
    evaluations,
    unreached: numberOf(row?.unreached) ?? 0,
  };
}

function localisationOf(row: Row | undefined): LocalisationSummary | undefined {
  const [images, area, hit] = [row?.images, row?.area, row?.hit].map(numberOf);
  if (images === undefined || area === undefined || hit === undefined) return undefined;
  return { images, share: numberOf(row?.share), area, ratio: numberOf(row?.ratio), hit };
}

/** Means of each metric over the records that have it. */
export const meanScores = (records: readonly Pick<StudyRecord, 'metrics'>[]): MetricValues =>
  Object.fromEntries(
    metrics.flatMap(({ id }) => {
      const values = records.map((record) => record.metrics[id]).filter(isNumber);
      return values.length === 0 ? [] : [[id, mean(values)]];
    }),
  );
