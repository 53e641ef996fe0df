/** One training step as one graph: batch in, loss out, parameters and moments updated in place of the old ones. */
import { differentiate } from '../graph/differentiate.js';
import { createGraph, type Graph, shapeOf } from '../graph/graph.js';
import { input, scalar, type Value } from '../graph/node.js';
import { concat, reshape, slice } from '../graph/operators/arrangement.js';
import { add, multiply } from '../graph/operators/elementwise.js';
import { batchNormalization } from '../graph/operators/normalisation.js';
import { sizePerImage } from '../graph/type.js';
import type { Architecture } from '../model/architecture.js';
import { initialWeights, type Layers, type Weights } from '../model/layers.js';
import { sizeOf, type Tensor } from '../tensor.js';
import { adam } from './adam.js';
import { createBatchStatistics, trainingRules } from './batchStatistics.js';
import { binaryCrossEntropy } from './loss.js';

export interface StepOptions {
  readonly bands: number;
  readonly classes: number;
  /** Height and width of an image, in pixels. */
  readonly size: number;
  readonly batch: number;
  /** Share of the running statistics that each batch replaces (PyTorch's momentum; default: 0.1). */
  readonly momentum?: number;
}

export interface TrainingStep {
  /** Inputs image [batch, bands, size, size], labels [batch, classes] and rate []; output loss []. */
  readonly graph: Graph;
  /** {output: input} of the state that stays in the engine. */
  readonly state: Readonly<Record<string, string>>;
}

/** Where each named tensor lies in a flat vector. */
interface Place {
  readonly start: number;
  readonly shape: readonly number[];
}

const isStatistic = (name: string): boolean => /\.running_(mean|var)$/.test(name);

/** Trained parameters and running statistics as two flat vectors, in the order in which the architecture asks for them. */
export interface FlatLayout {
  readonly parameters: ReadonlyMap<string, Place>;
  readonly statistics: ReadonlyMap<string, Place>;
  readonly sizes: { readonly parameters: number; readonly statistics: number };
}

export function layoutOf(weights: Weights): FlatLayout {
  const parameters = new Map<string, Place>();
  const statistics = new Map<string, Place>();
  const sizes = { parameters: 0, statistics: 0 };
  for (const [name, { shape }] of weights) {
    const kind = isStatistic(name) ? 'statistics' : 'parameters';
    (kind === 'statistics' ? statistics : parameters).set(name, { start: sizes[kind], shape });
    sizes[kind] += sizeOf(shape);
  }
  return { parameters, statistics, sizes };
}

export type FlatState = Readonly<Record<'parameters' | 'first' | 'second' | 'statistics', Tensor>>;

const vector = (length: number): Tensor => ({ data: new Float32Array(length), shape: [length] });

/** The state before the first step. */
export function flatten(weights: Weights, layout = layoutOf(weights)): FlatState {
  const gather = (places: ReadonlyMap<string, Place>, length: number): Tensor => {
    const flat = vector(length);
    for (const [name, { start }] of places) flat.data.set(weights.get(name)?.data ?? [], start);
    return flat;
  };
  return {
    parameters: gather(layout.parameters, layout.sizes.parameters),
    first: vector(layout.sizes.parameters),
    second: vector(layout.sizes.parameters),
    statistics: gather(layout.statistics, layout.sizes.statistics),
  };
}

/** The named weights in a state. */
export function unflatten(state: Pick<FlatState, 'parameters' | 'statistics'>, layout: FlatLayout): Weights {
  const read = (places: ReadonlyMap<string, Place>, { data }: Tensor): [string, Tensor][] =>
    [...places].map(([name, { start, shape }]) => [
      name,
      { data: data.slice(start, start + sizeOf(shape)), shape },
    ]);
  return new Map([
    ...read(layout.parameters, state.parameters),
    ...read(layout.statistics, state.statistics),
  ]);
}

/** The weights that an architecture starts from. */
export function freshWeights(
  architecture: Architecture,
  { bands, classes, size }: Pick<StepOptions, 'bands' | 'classes' | 'size'>,
  seed: number,
): Weights {
  const image = input('image', ['N', bands, size, size]);
  return initialWeights((layers) => architecture.build(layers, image, classes), seed);
}

/** Builds the step for a batch of fixed size. */
export function createTrainingStep(
  architecture: Architecture,
  layout: FlatLayout,
  { bands, classes, size, batch, momentum = 0.1 }: StepOptions,
): TrainingStep {
  const image = input('image', [batch, bands, size, size]);
  const labels = input('labels', [batch, classes]);
  const rate = input('rate', []);
  const parameters = input('parameters', [layout.sizes.parameters]);
  const first = input('first', [layout.sizes.parameters]);
  const second = input('second', [layout.sizes.parameters]);
  const statistics = input('statistics', [layout.sizes.statistics]);

  const trained = new Map<string, Value>();
  const parameter = (name: string): Value => {
    const place = layout.parameters.get(name);
    if (place === undefined) throw new Error(`parameter ${name} is not part of the layout`);
    const { start, shape } = place;
    const known = trained.get(name);
    if (known !== undefined) return known;
    const value = reshape(slice(parameters, 0, start, start + sizeOf(shape)), shape);
    trained.set(name, value);
    return value;
  };
  const statisticsOf = createBatchStatistics();
  const measured = new Map<string, Value>();
  const layers: Layers = {
    parameter,
    normalise(x, name) {
      const { mean, variance } = statisticsOf(x);
      measured.set(`${name}.running_mean`, mean);
      measured.set(`${name}.running_var`, variance);
      const [scale, bias] = [parameter(`${name}.weight`), parameter(`${name}.bias`)];
      return batchNormalization(x, { scale, bias, mean, variance }, {}, name);
    },
  };
  const loss = binaryCrossEntropy(architecture.build(layers, image, classes), labels);

  const order = [...layout.parameters.keys()].map(parameter);
  const gradients = differentiate(loss, order, scalar(1), { rules: trainingRules });
  const flat = (values: readonly Value[]): Value =>
    concat(
      values.map((value) => reshape(value, [sizePerImage(shapeOf(value))])),
      0,
    );
  const next = adam({ parameters, first, second }, flat(gradients), rate);
  const batchStatistics = flat(
    [...layout.statistics.keys()].map((name) => {
      const value = measured.get(name);
      if (value === undefined) throw new Error(`statistic ${name} is not part of the network`);
      return value;
    }),
  );
  const running = add(
    multiply(statistics, scalar(1 - momentum)),
    multiply(batchStatistics, scalar(momentum)),
  );
  return {
    graph: createGraph({
      loss,
      nextParameters: next.parameters,
      nextFirst: next.first,
      nextSecond: next.second,
      nextStatistics: running,
    }),
    state: {
      nextParameters: 'parameters',
      nextFirst: 'first',
      nextSecond: 'second',
      nextStatistics: 'statistics',
    },
  };
}
