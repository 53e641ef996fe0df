/** Trains a network on a data set: the loop around the training step, with validation, checkpoints and progress. */
import { requireCount } from '../check.js';
import type { Dataset } from '../dataset/patch.js';
import type { Engine, Program } from '../engine/engine.js';
import { InputError } from '../error.js';
import { createGraph } from '../graph/graph.js';
import { input } from '../graph/node.js';
import { sigmoid } from '../graph/operators/activation.js';
import type { Architecture } from '../model/architecture.js';
import { storedLayers, type Weights } from '../model/layers.js';
import { createRandom } from '../random.js';
import { type Tensor, zeros } from '../tensor.js';
import { correctedRate } from './adam.js';
import { applySymmetry } from './augment.js';
import { type Check, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { type Recipe, rateAt, stepsOf } from './recipe.js';
import {
  createTrainingStep,
  type FlatState,
  flatten,
  freshWeights,
  layoutOf,
  unflatten,
} from './trainingStep.js';

export interface FitProgress {
  readonly images: number;
  readonly totalImages: number;
  readonly loss: number;
  readonly secondsLeft: number;
  readonly check?: Check;
}

export interface FitOptions {
  readonly architecture: Architecture;
  /** The data set with images of the given size. */
  readonly datasetAt: (size: number) => Dataset;
  readonly engine: Engine;
  readonly recipe: Recipe;
  /** File that the training goes on from after an interruption. */
  readonly checkpoint: string;
  readonly onProgress?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Fitted {
  readonly weights: Weights;
  readonly history: readonly Check[];
}

interface Batch {
  readonly image: Tensor;
  readonly labels: Tensor;
}

/** Network input units: (DN - mean) / deviation per band. */
function normalise(data: Float32Array, { statistics: { mean, deviation } }: Dataset, area: number): void {
  for (let band = 0; band < mean.length; band++) {
    for (let i = band * area; i < (band + 1) * area; i++) data[i] = (data[i] - mean[band]) / deviation[band];
  }
}

async function readBatch(
  dataset: Dataset,
  split: 'train' | 'validation',
  items: readonly { readonly index: number; readonly symmetry: number }[],
): Promise<Batch> {
  const { size, bands, classes } = dataset;
  const volume = bands.length * size * size;
  const image = zeros([items.length, bands.length, size, size]);
  const labels = zeros([items.length, classes.length]);
  for (const [n, { index, symmetry }] of items.entries()) {
    const patch = await dataset.read(split, index);
    const target = image.data.subarray(n * volume, (n + 1) * volume);
    applySymmetry(patch.image, symmetry, target);
    normalise(target, dataset, size * size);
    for (const label of patch.labels) labels.data[n * classes.length + label] = 1;
  }
  return { image, labels };
}

/** Which images step `step` of a phase sees: the data set in a new random order each time round. */
function createSampler(dataset: Dataset, { seed }: Recipe, phase: number, batch: number) {
  const count = dataset.count('train');
  const orders = new Map<number, number[]>();
  const orderOf = (round: number): number[] => {
    const known = orders.get(round);
    if (known !== undefined) return known;
    const order = createRandom(seed, 'order', phase, round).shuffle(
      Array.from({ length: count }, (_, i) => i),
    );
    orders.clear();
    orders.set(round, order);
    return order;
  };
  return (step: number) =>
    Array.from({ length: batch }, (_, i) => {
      const position = step * batch + i;
      const symmetry = createRandom(seed, 'symmetry', phase, position).integer(8);
      return { index: orderOf(Math.floor(position / count))[position % count], symmetry };
    });
}

async function validate(
  { architecture, engine, recipe }: FitOptions,
  dataset: Dataset,
  weights: Weights,
): Promise<{ loss: number; microF1: number }> {
  const { size, bands, classes } = dataset;
  const image = input('image', ['N', bands.length, size, size]);
  const logits = architecture.build(storedLayers(weights), image, classes.length);
  const program = await engine.compile(createGraph({ logits, scores: sigmoid(logits) }));
  const count = Math.min(recipe.validationImages, dataset.count('validation'));
  let loss = 0;
  let [hits, predicted, actual] = [0, 0, 0];
  for (let start = 0; start < count; start += program.batchSize) {
    const items = Array.from({ length: Math.min(program.batchSize, count - start) }, (_, i) => ({
      index: start + i,
      symmetry: 0,
    }));
    const batch = await readBatch(dataset, 'validation', items);
    const result = await program.run({ image: batch.image });
    for (const [i, z] of result.logits.data.entries()) {
      const y = batch.labels.data[i];
      loss += Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z)));
      if (z > 0) predicted++;
      actual += y;
      if (z > 0 && y === 1) hits++;
    }
  }
  await program.dispose();
  return { loss: loss / (count * classes.length), microF1: (2 * hits) / Math.max(1, predicted + actual) };
}

const asFlatState = ({
  parameters,
  first,
  second,
  statistics,
}: Readonly<Record<string, Tensor>>): FlatState => ({
  parameters,
  first,
  second,
  statistics,
});

/** Trains from the recipe's seed, or from the checkpoint where there is one; the same recipe and data give the same steps. */
export async function fit(options: FitOptions): Promise<Fitted> {
  const { architecture, datasetAt, engine, recipe, checkpoint: path, onProgress, signal } = options;
  const [{ size: firstSize }] = recipe.phases;
  const { bands, classes, name } = datasetAt(firstSize);
  const fresh = freshWeights(
    architecture,
    { bands: bands.length, classes: classes.length, size: firstSize },
    recipe.seed,
  );
  requireCount(recipe.validationImages, 'recipe.validationImages');
  const layout = layoutOf(fresh);
  const { parameters, statistics } = layout.sizes;
  const subject = `${architecture.name} on ${name}, ${bands.length} bands, ${classes.length} classes`;
  const found = await readCheckpoint(path, {
    recipe,
    subject,
    lengths: [parameters, parameters, parameters, statistics],
  });

  let state = found?.state ?? flatten(fresh, layout);
  let updates = found?.updates ?? 0;
  const history: Check[] = [...(found?.history ?? [])];
  const totalImages = recipe.phases.reduce((sum, phase) => sum + stepsOf(phase) * phase.batch, 0);
  let images = 0;
  const earlier = history.at(-1)?.seconds ?? 0;
  const started = Date.now();
  const seconds = (): number => earlier + (Date.now() - started) / 1000;
  // Work grows with the area of an image.
  const workOf = (from: number): number =>
    recipe.phases.slice(from).reduce((sum, phase) => sum + stepsOf(phase) * phase.batch * phase.size ** 2, 0);
  let workDone = 0;

  for (const [index, phase] of recipe.phases.entries()) {
    const steps = stepsOf(phase);
    const begin = found === undefined || index > found.phase ? 0 : index < found.phase ? steps : found.step;
    images += begin * phase.batch;
    if (begin === steps) continue;
    const dataset = datasetAt(phase.size);
    for (const split of ['train', 'validation'] as const) {
      requireCount(dataset.count(split), `images of ${dataset.name} in the ${split} split`);
    }
    const step = createTrainingStep(architecture, layout, {
      bands: bands.length,
      classes: classes.length,
      size: phase.size,
      batch: phase.batch,
    });
    const program: Program = await engine.compile(step.graph, { state: step.state });
    const sample = createSampler(dataset, recipe, index, phase.batch);
    const readAhead = (i: number): Promise<Batch> => {
      const reading = readBatch(dataset, 'train', sample(i));
      // A failure is thrown where the batch is awaited; until then, or where no step follows, nobody listens.
      reading.catch(() => undefined);
      return reading;
    };
    try {
      await program.writeState(state);
      let next = readAhead(begin);
      let [sum, count] = (found?.phase === index && found.lossesSinceCheck) || [0, 0];
      for (let i = begin; i < steps; i++) {
        const batch = await next;
        updates++;
        const rate = correctedRate(rateAt(recipe, images / totalImages), updates);
        const running = program.run({ ...batch, rate: { data: Float32Array.of(rate), shape: [] } });
        // The next batch is read while the engine works.
        if (i + 1 < steps) next = readAhead(i + 1);
        const result = await running;
        const [loss] = result.loss.data;
        if (!Number.isFinite(loss)) {
          throw new InputError({
            what: `the loss became ${loss} after ${images} images`,
            where: 'training',
            todo: 'Choose a smaller step size (rate).',
          });
        }
        sum += loss;
        count++;
        images += phase.batch;
        workDone += phase.batch * phase.size ** 2;
        const crossed =
          Math.floor(images / recipe.checkEvery) > Math.floor((images - phase.batch) / recipe.checkEvery);
        const last = i + 1 === steps;
        let check: Check | undefined;
        if (crossed || last || signal?.aborted) {
          state = asFlatState(await program.readState());
          if (crossed || last) {
            const validation = await validate(options, dataset, unflatten(state, layout));
            check = {
              images,
              phase: index,
              trainingLoss: sum / count,
              validationLoss: validation.loss,
              validationMicroF1: validation.microF1,
              seconds: seconds(),
            };
            history.push(check);
            [sum, count] = [0, 0];
          }
          await writeCheckpoint(path, {
            recipe,
            subject,
            phase: index,
            step: i + 1,
            updates,
            history,
            lossesSinceCheck: [sum, count],
            state,
          });
          signal?.throwIfAborted();
        }
        const pace = (Date.now() - started) / 1000 / workDone;
        const left = workOf(index) - (i + 1) * phase.batch * phase.size ** 2;
        onProgress?.({ images, totalImages, loss, secondsLeft: pace * left, ...(check ? { check } : {}) });
      }
    } finally {
      await program.dispose();
    }
  }
  return { weights: unflatten(state, layout), history };
}
