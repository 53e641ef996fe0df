/** A training's state on disk: a line of JSON, then float32 values; written whole or not at all. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InputError, messageOf } from '../error.js';
import { writeFileAtomic } from '../file.js';
import { type Recipe, stepsOf } from './recipe.js';
import type { FlatState } from './trainingStep.js';

/** What validation said after so many images. */
export interface Check {
  readonly images: number;
  readonly phase: number;
  readonly trainingLoss: number;
  readonly validationLoss: number;
  readonly validationMicroF1: number;
  readonly seconds: number;
  /** Learning rate of the step before the check. */
  readonly rate?: number;
  /** Share of the time since the last check that the engine waited for images, 0 to 1. */
  readonly waitingShare?: number;
  /** Of the validation images. */
  readonly metrics?: ValidationMetrics;
}

export interface ValidationMetrics {
  readonly macroF1: number;
  readonly sampleF1: number;
  readonly precision: number;
  readonly recall: number;
  readonly hammingLoss: number;
  readonly oneError: number;
  readonly rankingLoss: number;
  readonly coverageError: number;
}

export interface Checkpoint {
  readonly recipe: Recipe;
  /** What is trained on what; must agree when a training goes on. */
  readonly subject: string;
  readonly phase: number;
  /** Steps done in this phase. */
  readonly step: number;
  /** Updates done in all. */
  readonly updates: number;
  readonly history: readonly Check[];
  /** Sum and number of the losses of the steps since the last check, where there were any. */
  readonly lossesSinceCheck?: readonly [sum: number, count: number];
  readonly state: FlatState;
}

const vectors = ['parameters', 'first', 'second', 'statistics'] as const;

const checkFields = [
  'images',
  'phase',
  'trainingLoss',
  'validationLoss',
  'validationMicroF1',
  'seconds',
] as const satisfies readonly (keyof Check)[];

const areNumbers = (values: readonly unknown[]): boolean => values.every((value) => Number.isFinite(value));

/** Whether a value from a file is a list of checks. */
export const isHistory = (value: unknown): value is readonly Check[] =>
  Array.isArray(value) && value.every((check) => areNumbers(checkFields.map((name) => check?.[name])));

/** Whether history and losses have their fields, and phase, step and number of updates go together. */
function isConsistent(
  { phase, step, updates, history, lossesSinceCheck = [0, 0] }: Omit<Checkpoint, 'state'>,
  { phases }: Recipe,
): boolean {
  const steps = phases.map(stepsOf);
  const before = steps.slice(0, phase).reduce((sum, count) => sum + count, 0);
  const isPlace = steps[phase] !== undefined && Number.isInteger(step) && step >= 0 && step <= steps[phase];
  const areLosses =
    Array.isArray(lossesSinceCheck) && lossesSinceCheck.length === 2 && areNumbers(lossesSinceCheck);
  return isPlace && updates === before + step && isHistory(history) && areLosses;
}

export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { state, ...rest } = checkpoint;
  const values = vectors.map((name) => state[name].data);
  const body = Buffer.concat(
    values.map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
  const header = {
    ...rest,
    lengths: values.map(({ length }) => length),
    sha256: createHash('sha256').update(body).digest('hex'),
  };
  await writeFileAtomic(path, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]));
}

/** The checkpoint at `path`, or undefined where there is none; throws InputError where it is damaged or of another training. */
export async function readCheckpoint(
  path: string,
  expected: Pick<Checkpoint, 'recipe' | 'subject'> & { readonly lengths: readonly number[] },
): Promise<Checkpoint | undefined> {
  const todo = 'Delete the file to start the training anew.';
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw new InputError({ what: `cannot be read: ${messageOf(thrown)}`, where: path, todo });
  }
  const damaged = (how: string) => new InputError({ what: `is damaged: ${how}`, where: path, todo });
  const end = file.indexOf('\n');
  const body = file.subarray(end + 1);
  let header: (Omit<Checkpoint, 'state'> & { lengths: number[]; sha256: string }) | null;
  try {
    header = JSON.parse(file.subarray(0, Math.max(0, end)).toString());
  } catch {
    header = null;
  }
  if (typeof header !== 'object' || header === null) {
    throw new InputError({ what: 'is not a checkpoint', where: path, todo });
  }
  if (header.sha256 !== createHash('sha256').update(body).digest('hex')) {
    throw damaged('its checksum does not fit its content');
  }
  const identity = ({ recipe, subject, lengths }: typeof expected) =>
    JSON.stringify([recipe, subject, lengths]);
  if (identity(header) !== identity(expected)) {
    throw new InputError({
      what: 'belongs to another training',
      where: path,
      expected: identity(expected),
      got: identity(header),
      todo,
    });
  }
  if (body.length !== 4 * expected.lengths.reduce((sum, length) => sum + length, 0)) {
    throw damaged('its values do not fill its lengths');
  }
  if (!isConsistent(header, expected.recipe)) throw damaged('its position or history is impossible');
  let offset = 0;
  const read = (length: number) => {
    const data = new Float32Array(length);
    new Uint8Array(data.buffer).set(body.subarray(offset, offset + 4 * length));
    offset += 4 * length;
    return { data, shape: [length] };
  };
  const [parameters, first, second, statistics] = expected.lengths.map(read);
  const { recipe, subject, phase, step, updates, history, lossesSinceCheck } = header;
  const state = { parameters, first, second, statistics };
  return { recipe, subject, phase, step, updates, history, lossesSinceCheck, state };
}
