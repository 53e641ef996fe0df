/** A training recipe: everything but the data that determines the result of a training. */
import { fieldsOf, isJsonObject, isNumber } from '../io/json.js';
import { requireSeed } from '../random.js';
import { defaultPlateau, type Plateau } from './plateau.js';

export interface Phase {
  /** Height and width of the images, in pixels. */
  readonly size: number;
  /** Training images of this phase; may exceed the data set, which is then repeated. */
  readonly images: number;
  readonly batch: number;
}

export interface Recipe {
  readonly seed: number;
  readonly phases: readonly Phase[];
  /** Largest step size, reached after the warm-up. */
  readonly rate: number;
  /** Share of all steps during which the step size grows from 0. */
  readonly warmUp: number;
  /** Images of the validation split that are scored at each check. */
  readonly validationImages: number;
  /** Images between two checks; each check is followed by a checkpoint. */
  readonly checkEvery: number;
  /**
   * Learning rate, end and kept weights by the validation loss of the checks (default: the rate follows a half
   * cosine, and the last weights are kept).
   */
  readonly plateau?: Plateau;
}

/** Whether a value from a file holds a finite number under each of these names. */
export const holdsNumbers = (value: unknown, names: readonly string[]): boolean =>
  names.every((name) => isNumber(fieldsOf(value)[name]));

const recipeNumbers = [
  'seed',
  'rate',
  'warmUp',
  'validationImages',
  'checkEvery',
] as const satisfies readonly (keyof Recipe)[];
const plateauNumbers = Object.keys(defaultPlateau);
const phaseNumbers = ['size', 'images', 'batch'] as const satisfies readonly (keyof Phase)[];

/** Whether a value from a file is a recipe. */
export const isRecipe = (value: unknown): value is Recipe =>
  isJsonObject(value) &&
  holdsNumbers(value, recipeNumbers) &&
  (value.plateau === undefined || holdsNumbers(value.plateau, plateauNumbers)) &&
  Array.isArray(value.phases) &&
  value.phases.every((phase) => holdsNumbers(phase, phaseNumbers));

export const stepsOf = ({ images, batch }: Phase): number => Math.ceil(images / batch);

/** Linear warm-up, then half a cosine down to zero. `done` is the finished share of the training, 0 to 1. */
export function rateAt({ rate, warmUp }: Recipe, done: number): number {
  if (done < warmUp) return (rate * done) / warmUp;
  return (rate * (1 + Math.cos((Math.PI * (done - warmUp)) / (1 - warmUp)))) / 2;
}

/** Images that a recipe is made for: their side in pixels, and how many the splits hold. */
export interface RecipeData {
  readonly size: number;
  readonly train: number;
  readonly validation: number;
}

/** Epochs of whole batches, with a check on all of the validation split after each. */
function inEpochs(
  { size, train, validation }: RecipeData,
  { seed, batch, epochs }: Readonly<Record<'seed' | 'batch' | 'epochs', number>>,
): Pick<Recipe, 'seed' | 'phases' | 'validationImages' | 'checkEvery'> {
  requireSeed(seed, 'recipe, seed');
  const perEpoch = Math.ceil(train / batch) * batch;
  return {
    seed,
    phases: [{ size, images: epochs * perEpoch, batch }],
    validationImages: validation,
    checkEvery: perEpoch,
  };
}

/**
 * One run of fixed length: after a warm-up half a cosine down to zero, the last weights kept; a check after every epoch. It
 * needs fewer epochs than waiting for plateaus, and always takes them.
 */
export function cosineRecipe(
  data: RecipeData,
  {
    seed = 0,
    batch = 64,
    epochs = 20,
    rate = 1e-3,
  }: Partial<Readonly<Record<'seed' | 'batch' | 'epochs' | 'rate', number>>> = {},
): Recipe {
  return { ...inEpochs(data, { seed, batch, epochs }), rate, warmUp: 0.03 };
}

/**
 * The recipe of the paper's section 2.3: batches of 64 (BigEarthNet) or 32 (SEN12MS), the learning rate reduced on a
 * plateau of the validation loss, early stopping on it, the best weights kept; a check after every epoch. The paper
 * gives neither the optimiser's rate nor the patience: these are Adam's and PyTorch's usual ones.
 */
export function paperRecipe(
  data: RecipeData,
  {
    seed = 0,
    batch = 64,
    epochs = 100,
    rate = 1e-3,
    plateau = defaultPlateau,
  }: {
    readonly seed?: number;
    readonly batch?: number;
    /** Maximum number of epochs. */
    readonly epochs?: number;
    readonly rate?: number;
    readonly plateau?: Plateau;
  } = {},
): Recipe {
  return { ...inEpochs(data, { seed, batch, epochs }), rate, plateau, warmUp: 0 };
}
