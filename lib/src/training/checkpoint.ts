/** The state of a training on disk: a line of JSON, then float32 values, written atomically. */
import { createHash } from 'node:crypto';
import { failAt } from '../error.js';
import { readIfPresent } from '../io/boundedFile.js';
import { writeFileAtomic } from '../io/file.js';
import { isCount, isJsonObject, type JsonObject, parseJson } from '../io/json.js';
import { holdsNumbers, type Recipe, stepsOf } from './recipe.js';
import type { FlatState } from './trainingStep.js';

/** The validation results after a number of training images. */
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
  /** Metrics on the validation images. */
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
  /** Architecture and data set; must agree when a training is resumed. */
  readonly subject: string;
  readonly phase: number;
  /** Steps done in this phase. */
  readonly step: number;
  /** Updates done in all. */
  readonly updates: number;
  readonly history: readonly Check[];
  /** Sum and number of the losses since the last check, if there were any. */
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

/** Whether a value from a file is a list of checks. */
export const isHistory = (value: unknown): value is readonly Check[] =>
  Array.isArray(value) && value.every((check) => holdsNumbers(check, checkFields));

type Position = Pick<Checkpoint, 'phase' | 'step' | 'updates' | 'history' | 'lossesSinceCheck'>;

/** The position of a training; undefined if a field is missing, or phase, step and number of updates disagree. */
function positionIn(header: JsonObject, { phases }: Recipe): Position | undefined {
  const { phase, step, updates, history, lossesSinceCheck: losses } = header;
  if (!isCount(phase) || !isCount(step) || !isCount(updates) || !isHistory(history)) return undefined;
  const steps = phases.map(stepsOf);
  const before = steps.slice(0, phase).reduce((sum, count) => sum + count, 0);
  if (phase >= steps.length || step > steps[phase] || updates !== before + step) return undefined;
  if (losses !== undefined && !isPair(losses)) return undefined;
  return { phase, step, updates, history, lossesSinceCheck: losses };
}

const isPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

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

/** Enough for the weights and moments of far larger networks. */
const largestCheckpoint = 2 ** 31 - 1;

/**
 * The checkpoint at `path`, or undefined if there is none.
 * @throws InputError if it is damaged or belongs to another training
 */
export async function readCheckpoint(
  path: string,
  expected: Pick<Checkpoint, 'recipe' | 'subject'> & { readonly lengths: readonly number[] },
): Promise<Checkpoint | undefined> {
  const todo = 'Delete the file to start the training anew.';
  const bytes = await readIfPresent(path, { maximumBytes: largestCheckpoint, todo });
  if (bytes === undefined) return undefined;
  const file = Buffer.from(bytes.buffer);
  const fail = failAt(path, todo);
  const end = file.indexOf('\n');
  const body = file.subarray(end + 1);
  let header: unknown;
  try {
    header = parseJson(file.subarray(0, Math.max(0, end)).toString());
  } catch {
    header = undefined;
  }
  if (!isJsonObject(header)) throw fail('is not a checkpoint');
  if (header.sha256 !== createHash('sha256').update(body).digest('hex')) {
    throw fail('is damaged: its checksum does not fit its content');
  }
  const { recipe, subject, lengths } = expected;
  const wanted = JSON.stringify([recipe, subject, lengths]);
  const found = JSON.stringify([header.recipe, header.subject, header.lengths]);
  if (found !== wanted) throw fail('belongs to another training', wanted, found);
  if (body.length !== 4 * lengths.reduce((sum, length) => sum + length, 0)) {
    throw fail('is damaged: its values do not fill its lengths');
  }
  const position = positionIn(header, recipe);
  if (position === undefined) throw fail('is damaged: its position or history is impossible');
  let offset = 0;
  const read = (length: number) => {
    const data = new Float32Array(length);
    new Uint8Array(data.buffer).set(body.subarray(offset, offset + 4 * length));
    offset += 4 * length;
    return { data, shape: [length] };
  };
  const [parameters, first, second, statistics] = lengths.map(read);
  return { recipe, subject, ...position, state: { parameters, first, second, statistics } };
}
