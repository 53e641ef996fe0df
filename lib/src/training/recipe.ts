/** A training recipe: everything that decides what comes out of a training, apart from the data. */

export interface Phase {
  /** Height and width of the images, in pixels. */
  readonly size: number;
  /** Images to learn from, in this phase; may exceed the data set, which is then seen again. */
  readonly images: number;
  readonly batch: number;
}

export interface Recipe {
  readonly seed: number;
  readonly phases: readonly Phase[];
  /** Largest step size, reached after the warm-up. */
  readonly rate: number;
  /** Share of all steps during which the step size grows from nothing. */
  readonly warmUp: number;
  /** Images of the validation split that are scored at each check. */
  readonly validationImages: number;
  /** Images between two checks; each check is followed by a checkpoint. */
  readonly checkEvery: number;
}

const areNumbers = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => Number.isFinite(new Map<string, unknown>(Object.entries(value)).get(name)));

const recipeNumbers = [
  'seed',
  'rate',
  'warmUp',
  'validationImages',
  'checkEvery',
] as const satisfies readonly (keyof Recipe)[];
const phaseNumbers = ['size', 'images', 'batch'] as const satisfies readonly (keyof Phase)[];

/** Whether a value from a file is a recipe. */
export const isRecipe = (value: unknown): value is Recipe =>
  typeof value === 'object' &&
  value !== null &&
  areNumbers(value, recipeNumbers) &&
  'phases' in value &&
  Array.isArray(value.phases) &&
  value.phases.every((phase) => areNumbers(phase, phaseNumbers));

export const stepsOf = ({ images, batch }: Phase): number => Math.ceil(images / batch);

/** Linear warm-up, then half a cosine down to zero. `done` is the share of the training behind us, 0 to 1. */
export function rateAt({ rate, warmUp }: Recipe, done: number): number {
  if (done < warmUp) return (rate * done) / warmUp;
  return (rate * (1 + Math.cos((Math.PI * (done - warmUp)) / (1 - warmUp)))) / 2;
}
