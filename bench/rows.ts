/** What is measured: one row per method, per Max-Sensitivity, and for the steps that they are made of. */
import { methods } from 'landlens/attribution/methods';
import {
  type Amount,
  type Column,
  countedAmounts,
  drawnAmounts,
  explanationAmounts,
  type Family,
  imagesAtOnce,
  type MethodWork,
  methodWork,
  morfAmounts,
  paper,
  paperCount,
  sensitivityAmounts,
  tolerantAmounts,
} from './amounts.js';
import type { Precision } from './precision/sameError.js';
import { fed, paperParameters } from './subject.js';
import type { Parameters, Task } from './task.js';

export type Group = 'step' | 'method' | 'sensitivity' | 'curve' | 'same-error';

/** The best batch sizes found for the peer, images a pass. */
export interface Tuning {
  readonly forward: number;
  readonly gradient: number;
}

/** How the results of both sides are compared. */
export interface Check {
  readonly ours: Task;
  readonly peer: Task;
  /** What is compared, in words. */
  readonly what: string;
}

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly group: Group;
  /** From the least to the whole, which is the last. */
  readonly amounts: (column: Column) => readonly Amount[];
  readonly task: (column: Column, amount: Amount, tuning: Tuning) => Task;
  /** Passes of the whole row; a training step's gradients of the weights count as one more. */
  readonly passes: number;
  /** Images that the peer's defaults put into one pass. */
  readonly atOnce: (amount: Amount) => number;
  /** Whether the peer's defaults are another way to run it than the best batch sizes. */
  readonly isTunable: boolean;
  /** Whether landlens does another work than the peer, so that each side's amounts are chosen by themselves. */
  readonly hasOwnWork?: boolean;
  /** In words, such as "perturbations_per_eval 16". */
  readonly tuned: (tuning: Tuning) => string;
  /** Absent where the method's own row has been compared. */
  readonly check?: Check;
}

const once: readonly Amount[] = [{ units: 1, times: 1, parameters: {} }];

const step = (id: string, label: string, passes: number, task: Task): Row => ({
  ...{ id, label, group: 'step', passes, atOnce: () => 1, isTunable: false },
  amounts: () => once,
  task: () => task,
  tuned: () => '',
  check: { ours: task, peer: task, what: task.kind === 'training' ? 'first loss' : 'values' },
});

/** Batch parameters of Captum. */
export function batches(family: Family, { forward, gradient }: Tuning): Parameters {
  switch (family) {
    case 'single':
      return {};
    case 'smooth':
      return { noiseBatch: gradient };
    case 'path':
      return { internalBatch: gradient };
    case 'smooth-path':
      return { noiseBatch: Math.max(1, Math.floor(gradient / paper.steps)), internalBatch: gradient };
    default:
      return { perturbations: forward };
  }
}

const captumNames: Readonly<Record<string, string>> = {
  noiseBatch: 'nt_samples_batch_size',
  internalBatch: 'internal_batch_size',
  perturbations: 'perturbations_per_eval',
};

const batchText = (family: Family, tuning: Tuning): string =>
  Object.entries(batches(family, tuning))
    .map(([name, value]) => `${captumNames[name]} ${value}`)
    .join(', ');

/** A small explanation of the same random numbers on both sides. */
function checkOf(id: string, { family }: MethodWork, size: number): Check {
  const { window } = paperParameters(size);
  const small: Readonly<Record<Family, readonly [Parameters, Parameters, string]>> = {
    single: [{}, {}, 'map'],
    smooth: [{ samples: fed.noise }, {}, `map of ${fed.noise} noisy copies, noise fed`],
    path: [{ steps: 16 }, { internalBatch: 8 }, 'map of 16 steps'],
    'smooth-path': [
      { samples: 2, steps: 8 },
      { internalBatch: 8 },
      'map of 2 noisy copies, 8 steps, noise fed',
    ],
    occlusion: [{ window, stride: window }, { perturbations: 8 }, `map, stride ${window}`],
    lime: [
      { samples: fed.bits },
      {},
      `map of ${fed.bits} samples, bits, kernel and ridge fed (not Captum’s Lasso)`,
    ],
  };
  const [parameters, ofPeer, what] = small[family];
  const task = (more: Parameters): Task => ({
    ...{ kind: 'explain', method: id, feed: true },
    parameters: { ...parameters, ...more },
  });
  return { ours: task({}), peer: task(ofPeer), what };
}

function methodRow(id: string, label: string, size: number): Row {
  const work = methodWork(id, size);
  const { family, forwards, backwards } = work;
  return {
    ...{ id, label, group: 'method', passes: forwards + backwards },
    atOnce: (amount) => imagesAtOnce(family, amount),
    isTunable: family !== 'single',
    amounts: () => explanationAmounts(work, size),
    task: (column, { parameters }, tuning) => ({
      ...{ kind: 'explain', method: id, feed: false },
      parameters: { ...parameters, ...(column === 'best' ? batches(family, tuning) : {}) },
    }),
    tuned: (tuning) => batchText(family, tuning),
    check: checkOf(id, work, size),
  };
}

function sensitivityRow(id: string, label: string, size: number): Row {
  const work = methodWork(id, size);
  const { family, forwards, backwards } = work;
  // As equal as possible; DeepLift passes image and baseline together.
  const examples = ({ gradient }: Tuning): number => {
    if (family === 'occlusion' || family === 'lime') return 1;
    const most = Math.max(1, Math.floor(gradient / (id === 'deeplift' ? 2 : Math.max(1, backwards))));
    return Math.ceil(paper.draws / Math.ceil(paper.draws / most));
  };
  const compared = (): Task => ({
    ...{ kind: 'sensitivity', method: id, parameters: {}, examples: null },
    ...{ draws: fed.draws, feed: true },
  });
  return {
    ...{ id: `sensitivity-${id}`, label: `Max-Sensitivity, ${label}`, group: 'sensitivity' },
    passes: (paper.draws + 1) * (forwards + backwards),
    atOnce: (amount) => imagesAtOnce(family, amount),
    isTunable: true,
    amounts: (column) => sensitivityAmounts(work, size, column),
    task: (column, { parameters, draws = paper.draws }, tuning) => ({
      ...{ kind: 'sensitivity', method: id, draws, feed: false },
      parameters: { ...parameters, ...(column === 'best' ? batches(family, tuning) : {}) },
      examples: column === 'best' ? examples(tuning) : null,
    }),
    tuned: (tuning) =>
      [`max_examples_per_batch ${examples(tuning)}`, batchText(family, tuning)]
        .filter((text) => text !== '')
        .join(', '),
    ...(family === 'single' && {
      check: { ours: compared(), peer: compared(), what: `score of ${fed.draws} draws, noise fed` },
    }),
  };
}

function morfRow(size: number): Row {
  const amounts = morfAmounts(size);
  const task = (fraction: number, batch: number): Task => ({ kind: 'morf', fraction, batch });
  const whole = amounts[amounts.length - 1];
  return {
    ...{ id: 'morf', label: `MoRF curve, ${whole.units - 1} iterations`, group: 'curve' },
    ...{ passes: whole.units, atOnce: () => 1, isTunable: true },
    amounts: () => amounts,
    task: (column, { fraction = 0.2 }, { forward }) => task(fraction, column === 'best' ? forward : 1),
    tuned: ({ forward }) => `${forward} images a pass`,
    check: { ours: task(0.2, 16), peer: task(0.2, 16), what: 'curve (equally near pixels may differ)' },
  };
}

/** A method and its Max-Sensitivity with the error of the paper's counts: landlens to a tolerance, the peer by its count. */
function sameErrorRows(id: string, label: string, size: number, precision: Precision): readonly Row[] {
  const work = methodWork(id, size);
  const { family } = work;
  // No passes: how much is computed depends on the side.
  const shared = { passes: 0, atOnce: () => 1, isTunable: false, hasOwnWork: true } as const;
  const amountsOf = (column: Column) =>
    column === 'ours' ? tolerantAmounts(precision.asked) : countedAmounts(work, size, precision.count);
  const parametersFor = (column: Column, { parameters }: Amount, tuning: Tuning): Parameters =>
    column === 'ours' ? parameters : { ...parameters, ...batches(family, tuning) };
  return [
    {
      ...{ id: sameErrorId(id), label: `Same error, ${label}`, group: 'same-error', ...shared },
      amounts: amountsOf,
      task: (column, amount, tuning) => ({
        ...{ kind: 'explain', method: id, feed: false },
        parameters: parametersFor(column, amount, tuning),
      }),
      tuned: (tuning) => batchText(family, tuning),
    },
    {
      ...{ id: sameErrorId(`sensitivity-${id}`), label: `Same error, Max-Sensitivity, ${label}` },
      ...{ group: 'same-error', ...shared },
      amounts: (column) => drawnAmounts(amountsOf(column), 1),
      task: (column, amount, tuning) => ({
        ...{ kind: 'sensitivity', method: id, draws: amount.draws ?? paper.draws, feed: false },
        ...{ parameters: parametersFor(column, amount, tuning), examples: column === 'best' ? 1 : null },
      }),
      tuned: (tuning) => `max_examples_per_batch 1, ${batchText(family, tuning)}`,
    },
  ];
}

export const sameErrorId = (id: string): string => `same-error-${id}`;

/** The methods that sample or approximate. */
export const sampledMethods = methods.filter(
  ({ id }) => paperCount(methodWork(id, 120).family) !== undefined,
);

/** Ids of the rows of `sameErrorRowsAt`. */
export const sameErrorRowIds: readonly string[] = ['', 'sensitivity-'].flatMap((prefix) =>
  sampledMethods.map(({ id }) => sameErrorId(`${prefix}${id}`)),
);

/** Rows of time to the same error, of the methods whose precision is known. */
export function sameErrorRowsAt(size: number, precisions: readonly Precision[]): readonly Row[] {
  const rows = precisions.flatMap((precision) =>
    sampledMethods
      .filter(({ id }) => id === precision.method)
      .flatMap(({ id, name }) => sameErrorRows(id, name, size, precision)),
  );
  return sameErrorRowIds.flatMap((id) => rows.filter((row) => row.id === id));
}

/** Every other row at one image size, in the order of the table. */
export function rowsAt(size: number): readonly Row[] {
  return [
    step('forward-1', 'Forward, 1 image', 1, { kind: 'forward', batch: 1 }),
    step('forward-16', 'Forward, 16 images', 16, { kind: 'forward', batch: 16 }),
    step('gradient-1', 'Gradient, 1 image', 2, { kind: 'gradient', batch: 1 }),
    step('gradient-16', 'Gradient, 16 images', 32, { kind: 'gradient', batch: 16 }),
    step('training-16', 'Training step, 16 images', 48, { kind: 'training', batch: 16, rate: 1e-3 }),
    ...methods.map(({ id, name }) => methodRow(id, name, size)),
    ...methods.map(({ id, name }) => sensitivityRow(id, name, size)),
    morfRow(size),
  ];
}

export const rowIds: readonly string[] = [...rowsAt(120).map(({ id }) => id), ...sameErrorRowIds];
