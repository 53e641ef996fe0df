/** How time and memory grow with the batch, the side of the image, the samples and the number of targets. */
import type { Column } from './amounts.js';
import type { Pair } from './pair.js';
import type { Tuning } from './rows.js';
import { OutOfMemory } from './side.js';
import { medianOf } from './statistics.js';
import { paperParameters } from './subject.js';
import type { Task } from './task.js';

export interface Growth {
  /** Median of a run. */
  readonly seconds: number;
  /** Bytes, see Cell. */
  readonly peak: number;
}

export interface SweepPoint {
  readonly value: number;
  /** A side is absent where it could not hold the task. */
  readonly ours?: Growth;
  readonly best?: Growth;
}

export interface Sweep {
  readonly id: string;
  readonly label: string;
  /** What the values count, such as "images". */
  readonly axis: string;
  readonly points: readonly SweepPoint[];
}

export interface SweepPlan extends Omit<Sweep, 'points'> {
  readonly values: readonly number[];
  readonly task: (value: number, column: Column) => Task;
}

const batches = [1, 2, 4, 8, 16, 32] as const;

/** The batches, among which the peer's best is found. */
export const batchPlans: readonly SweepPlan[] = (['forward', 'gradient'] as const).map((kind) => ({
  id: `batch-${kind}`,
  label: kind === 'forward' ? 'Forward' : 'Gradient',
  axis: 'images in a batch',
  values: batches,
  task: (batch) => ({ kind, batch }),
}));

/** Several images, so that starting up does not hide what grows. */
const imagesOfSide = 4;
export const sidesOfGrowth = [60, 120, 180, 240] as const;

/** One point each, put together by `joinSweeps`. */
export const sidePlans = (side: number): readonly SweepPlan[] =>
  (['forward', 'gradient'] as const).map((kind) => ({
    id: `side-${kind}`,
    label: `${kind === 'forward' ? 'Forward' : 'Gradient'}, ${imagesOfSide} images`,
    axis: 'side in pixels',
    values: [side],
    task: () => ({ kind, batch: imagesOfSide }),
  }));

export function growthPlans(size: number, { forward, gradient }: Tuning): readonly SweepPlan[] {
  const { window } = paperParameters(size);
  const axis = 'targets of one image';
  return [
    {
      ...{ id: 'steps', label: 'Integrated Gradients', axis: 'steps', values: [8, 16, 32, 50] },
      task: (steps) => ({
        ...{ kind: 'explain', method: 'integrated-gradients', feed: false },
        parameters: { steps, internalBatch: gradient },
      }),
    },
    {
      ...{ id: 'samples', label: 'LIME', axis: 'samples', values: [128, 256, 512] },
      task: (samples) => ({
        ...{ kind: 'explain', method: 'lime', feed: false },
        parameters: { samples, perturbations: forward },
      }),
    },
    {
      ...{ id: 'targets-gradient', label: 'Saliency', axis, values: [1, 2, 4, 8] },
      task: (count) => ({ kind: 'targets', method: 'saliency', count, parameters: {} }),
    },
    {
      ...{ id: 'targets-forward', label: `Occlusion, stride ${window}`, axis, values: [1, 2, 4] },
      // Captum's passes hold every target's copy of the image.
      task: (count) => ({
        ...{ kind: 'targets', method: 'occlusion', count },
        parameters: { window, stride: window, perturbations: Math.max(1, Math.floor(forward / count)) },
      }),
    },
  ];
}

async function measureGrowth(
  pair: Pair,
  column: Column,
  task: Task,
  rounds: number,
): Promise<Growth | undefined> {
  try {
    const { peak } = await pair.run(column, task, { fresh: true });
    const seconds: number[] = [];
    for (let i = 0; i < rounds; i++) seconds.push((await pair.run(column, task)).seconds);
    return { seconds: medianOf(seconds), peak };
  } catch (thrown) {
    if (thrown instanceof OutOfMemory && column !== 'ours') return undefined;
    throw thrown;
  }
}

/** Both sides at every value, up to the first that takes longer than `patience` seconds. */
export async function measureSweep(
  pair: Pair,
  { values, task, ...rest }: SweepPlan,
  { rounds, patience }: { readonly rounds: number; readonly patience: number },
): Promise<Sweep> {
  await pair.forget();
  const points: SweepPoint[] = [];
  for (const value of values) {
    const ours = await measureGrowth(pair, 'ours', task(value, 'ours'), rounds);
    const best = await measureGrowth(pair, 'best', task(value, 'best'), rounds);
    points.push({ value, ...(ours && { ours }), ...(best && { best }) });
    if (Math.max(ours?.seconds ?? 0, best?.seconds ?? 0) > patience) break;
  }
  return { ...rest, points };
}

/** Sweeps of one id, each with some of the points, as one. */
export function joinSweeps(sweeps: readonly Sweep[]): readonly Sweep[] {
  const joined = new Map<string, Sweep>();
  for (const sweep of sweeps) {
    const before = joined.get(sweep.id)?.points ?? [];
    const points = [...before, ...sweep.points].sort((a, b) => a.value - b.value);
    joined.set(sweep.id, { ...sweep, points });
  }
  return [...joined.values()];
}

/** The batch with the least seconds an image on the peer's side; 1 where it ran none. */
export function bestBatch({ points }: Sweep): number {
  const rates = points.flatMap(({ value, best }) => (best ? [{ value, rate: best.seconds / value }] : []));
  return rates.reduce((a, b) => (b.rate < a.rate ? b : a), { value: 1, rate: Infinity }).value;
}
