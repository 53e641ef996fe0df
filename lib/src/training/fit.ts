/**
 * Training of a network on a data set: the loop around the training step, with validation, checkpoints and progress.
 */
import { createHash } from 'node:crypto';
import { requireCount } from '../check.js';
import type { Dataset } from '../dataset/patch.js';
import { readAhead } from '../dataset/readAhead.js';
import type { Engine, Program } from '../engine/engine.js';
import { failAt } from '../error.js';
import { createGraph } from '../graph/graph.js';
import { input } from '../graph/node.js';
import { classificationMetrics } from '../metric/classification/classification.js';
import { logitThreshold } from '../metric/classification/decision.js';
import type { Architecture } from '../model/architecture.js';
import { storedLayers, type Weights } from '../model/layers.js';
import { createRandom, requireSeed } from '../random.js';
import { type Tensor, zeros } from '../tensor.js';
import { correctedRate } from './adam.js';
import { applySymmetry } from './augment.js';
import {
  type Check,
  type Checkpoint,
  readCheckpoint,
  type ValidationMetrics,
  writeCheckpoint,
} from './checkpoint.js';
import { followPlateau } from './plateau.js';
import { transferWeights } from './pretrained.js';
import { type Recipe, rateAt, stepsOf } from './recipe.js';
import { createTrainingStep, flatten, freshWeights, layoutOf, unflatten } from './trainingStep.js';

export interface FitProgress {
  readonly images: number;
  readonly totalImages: number;
  readonly loss: number;
  readonly secondsLeft: number;
  readonly check?: Check;
  /** All checks so far, if there is a new one. */
  readonly history?: readonly Check[];
}

export interface FitOptions {
  readonly architecture: Architecture;
  /** The data set with images of the given size. */
  readonly datasetAt: (size: number) => Dataset;
  readonly engine: Engine;
  readonly recipe: Recipe;
  /** File from which an interrupted training is resumed. */
  readonly checkpoint: string;
  /** Weights to start from, their name, and their classes if known; see transferWeights. */
  readonly initial?: {
    readonly weights: Weights;
    readonly name: string;
    readonly classes?: readonly string[];
  };
  /**
   * Seconds between two checkpoints (default: 300), which is what an interruption may cost. The final weights do not
   * depend on it.
   */
  readonly checkpointEvery?: number;
  /** If it returns a promise, the training waits for it. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  readonly signal?: AbortSignal;
}

export interface Fitted {
  readonly weights: Weights;
  readonly history: readonly Check[];
  /** Position in the history of the check at which the weights were taken. */
  readonly kept: number;
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
  const patches = readAhead((n) => dataset.read(split, items[n].index), items.keys());
  let n = 0;
  for await (const patch of patches) {
    const { symmetry } = items[n];
    const target = image.data.subarray(n * volume, (n + 1) * volume);
    applySymmetry(patch.image, symmetry, target);
    normalise(target, dataset, size * size);
    for (const label of patch.labels) labels.data[n * classes.length + label] = 1;
    n++;
  }
  return { image, labels };
}

/** The images of step `step` of a phase: the data set in a new random order for each epoch. */
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
): Promise<{ loss: number; microF1: number; metrics: ValidationMetrics }> {
  const { size, bands, classes } = dataset;
  const image = input('image', ['N', bands.length, size, size]);
  const logits = architecture.build(storedLayers(weights), image, classes.length);
  const program = await engine.compile(createGraph({ logits }));
  const count = Math.min(recipe.validationImages, dataset.count('validation'));
  let loss = 0;
  const all = zeros([count, classes.length]);
  const labels: number[][] = [];
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
    }
    all.data.set(result.logits.data, start * classes.length);
    for (let i = 0; i < items.length; i++) {
      labels.push(classes.flatMap((_, c) => (batch.labels.data[i * classes.length + c] === 1 ? [c] : [])));
    }
  }
  await program.dispose();
  // Logits decide and rank as their scores do.
  const { micro, macro, samples, ...metrics } = classificationMetrics(all, labels, {
    threshold: logitThreshold,
  });
  const { hammingLoss, oneError, rankingLoss, coverageError } = metrics;
  return {
    loss: loss / (count * classes.length),
    microF1: micro.f1,
    metrics: {
      macroF1: macro.f1,
      sampleF1: samples.f1,
      precision: micro.precision,
      recall: micro.recall,
      ...{ hammingLoss, oneError, rankingLoss, coverageError },
    },
  };
}

/** Where the weights with the lowest validation loss are kept. */
const bestPath = (checkpoint: string): string => `${checkpoint}.best`;

/**
 * Trains a network by a recipe, or resumes from the checkpoint if there is one; the same recipe and data give the
 * same steps.
 * @throws InputError if the checkpoint belongs to another training, a split is empty, or the loss is not finite
 */
export async function fit(options: FitOptions): Promise<Fitted> {
  const { architecture, datasetAt, engine, recipe, checkpoint: path, initial, onProgress, signal } = options;
  const { checkpointEvery = 300 } = options;
  requireSeed(recipe.seed, 'recipe.seed');
  const [{ size: firstSize }] = recipe.phases;
  const { bands, classes, name, statistics: normalisation } = datasetAt(firstSize);
  const inputsAndOutputs = createHash('sha256')
    .update(JSON.stringify([bands, classes, normalisation.mean, normalisation.deviation]))
    .digest('hex');
  const fresh = freshWeights(
    architecture,
    { bands: bands.length, classes: classes.length, size: firstSize },
    recipe.seed,
  );
  requireCount(recipe.validationImages, 'recipe.validationImages');
  const layout = layoutOf(fresh);
  const { parameters, statistics } = layout.sizes;
  const subject = `${architecture.name} on ${name}, ${bands.length} bands, ${classes.length} classes (${inputsAndOutputs.slice(0, 8)})${
    initial ? `, from ${initial.name}` : ''
  }`;
  const expected = { recipe, subject, lengths: [parameters, parameters, parameters, statistics] };
  const found = await readCheckpoint(path, expected);
  const begun = initial
    ? transferWeights(fresh, initial.weights, initial.name, { from: initial.classes, to: classes }).weights
    : fresh;

  let state = found?.state ?? flatten(begun, layout);
  let updates = found?.updates ?? 0;
  const history: Check[] = [...(found?.history ?? [])];
  const totalImages = recipe.phases.reduce((sum, phase) => sum + stepsOf(phase) * phase.batch, 0);
  const follow = () =>
    recipe.plateau &&
    followPlateau(
      history.map(({ validationLoss }) => validationLoss),
      recipe.rate,
      recipe.plateau,
    );
  let plateau = follow();
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
    if (begin === steps || plateau?.isOver) continue;
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
    const readNext = (i: number): Promise<Batch> => {
      const reading = readBatch(dataset, 'train', sample(i));
      // A failure is thrown where the batch is awaited; without a handler here it would end the process before.
      reading.catch(() => undefined);
      return reading;
    };
    try {
      await program.writeState(state);
      let next = readNext(begin);
      let [sum, count] = (found?.phase === index && found.lossesSinceCheck) || [0, 0];
      let [since, waited, saved] = [Date.now(), 0, Date.now()];
      for (let i = begin; i < steps && !plateau?.isOver; i++) {
        const asked = Date.now();
        const batch = await next;
        waited += Date.now() - asked;
        updates++;
        const rate = plateau?.rate ?? rateAt(recipe, images / totalImages);
        const corrected = Float32Array.of(correctedRate(rate, updates));
        const running = program.run({ ...batch, rate: { data: corrected, shape: [] } });
        // The next batch is read while the engine works.
        if (i + 1 < steps) next = readNext(i + 1);
        const result = await running;
        const [loss] = result.loss.data;
        if (!Number.isFinite(loss)) {
          const fail = failAt('training', 'Choose a smaller step size (rate).');
          throw fail(`the loss became ${loss} after ${images} images`);
        }
        sum += loss;
        count++;
        images += phase.batch;
        workDone += phase.batch * phase.size ** 2;
        const crossed =
          Math.floor(images / recipe.checkEvery) > Math.floor((images - phase.batch) / recipe.checkEvery);
        const last = i + 1 === steps;
        let check: Check | undefined;
        const isDue = Date.now() - saved >= 1000 * checkpointEvery;
        if (crossed || last || isDue || signal?.aborted) {
          const { parameters, first, second, statistics } = await program.readState();
          state = { parameters, first, second, statistics };
          if (crossed || last) {
            const spent = Math.max(1, Date.now() - since);
            const validation = await validate(options, dataset, unflatten(state, layout));
            check = {
              images,
              phase: index,
              trainingLoss: sum / count,
              validationLoss: validation.loss,
              validationMicroF1: validation.microF1,
              seconds: seconds(),
              rate,
              waitingShare: waited / spent,
              metrics: validation.metrics,
            };
            history.push(check);
            plateau = follow();
            [sum, count] = [0, 0];
          }
          const checkpoint: Checkpoint = {
            ...{ recipe, subject, phase: index, step: i + 1, updates, history, state },
            lossesSinceCheck: [sum, count],
          };
          // The best first: a training interrupted in between computes it again.
          if (check && plateau?.best === history.length - 1)
            await writeCheckpoint(bestPath(path), checkpoint);
          await writeCheckpoint(path, checkpoint);
          saved = Date.now();
          if (check) [since, waited] = [Date.now(), 0];
          signal?.throwIfAborted();
        }
        const pace = (Date.now() - started) / 1000 / workDone;
        const left = workOf(index) - (i + 1) * phase.batch * phase.size ** 2;
        await onProgress?.({
          images,
          totalImages,
          loss,
          secondsLeft: pace * left,
          ...(check ? { check, history: [...history] } : {}),
        });
      }
    } finally {
      await program.dispose();
    }
  }
  if (plateau === undefined) return { weights: unflatten(state, layout), history, kept: history.length - 1 };
  const best = await readCheckpoint(bestPath(path), expected);
  if (best?.history.length !== plateau.best + 1) {
    throw failAt(bestPath(path), 'Delete it and the checkpoint beside it to start the training anew.')(
      'the best weights of this training are not there',
      `those of check ${plateau.best + 1}`,
      best === undefined ? 'no file' : `those of check ${best.history.length}`,
    );
  }
  return { weights: unflatten(best.state, layout), history, kept: plateau.best };
}
