/** The store of measurements: one JSON line per image, target and method, appended durably, safe to kill. */
import { stat } from 'node:fs/promises';
import type { ParameterValue } from '../attribution/attribution.js';
import { failAt, type InputError, messageOf } from '../error.js';
import { readBoundedFile } from '../io/boundedFile.js';
import { openLines, parseLines } from '../io/durableLines.js';
import {
  type Check,
  isFlag,
  isJsonObject,
  isNumber,
  isNumbers,
  isText,
  mapOf,
  optional,
  parseJson,
  shape,
} from '../io/json.js';
import type { Localisation } from '../metric/localisation/localisation.js';
import { type MetricValues, metrics } from '../metric/metrics.js';

/** The method id of the baseline: pixels ranked at random. */
export const randomBaseline = 'random';

export interface StudyTarget {
  /** Index into the model's classes. */
  readonly index: number;
  readonly name: string;
  /** The model's score for the class, in [0, 1]. */
  readonly score: number;
  /** Whether the class is one of the image's labels and predicted. */
  readonly truePositive: boolean;
}

/** By metric; the random baseline, which explains nothing, lacks some. File size in KB of 1024 bytes. */
export type StudyMetrics = MetricValues & {
  /** The model's score after each MoRF iteration; the first is that of the whole image. */
  readonly morf: readonly number[];
};

/** How exact a recorded map is, see `Uncertainty`. */
export interface SamplingRecord {
  /** Relative L2 error to expect of the attribution; absent where it is unknown, as nothing stands out of the noise. */
  readonly relativeError?: number;
  /** Gradients, or forward passes of a method without gradients. */
  readonly evaluations: number;
  /** Whether the tolerance was reached, where one was asked for. */
  readonly reached?: boolean;
}

export interface StudyRecord {
  /** What the record belongs to, by `studyId`: data set, model, preset, seed, choice of images, versions. */
  readonly study: string;
  readonly image: string;
  /** Position in the data set's split, that of the tests unless the study says otherwise. */
  readonly imageIndex: number;
  readonly target: StudyTarget;
  readonly method: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly metrics: StudyMetrics;
  /** Checksum of the map's values, see mapChecksum; absent for the random baseline. */
  readonly map?: string;
  /** Where the method promises completeness and f(x) differs from f(x'). */
  readonly completenessGap?: number;
  /** What is left of the error, where the method samples or approximates. */
  readonly sampling?: SamplingRecord;
  /** Against the class's true mask, where it is known; share and ratio are absent where no relevance is positive. */
  readonly localisation?: Localisation;
  readonly seed: number;
  readonly preset: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Hash of the model file. */
  readonly model: string;
  /** Processor and threads that the seconds belong to. */
  readonly device: string;
}

export interface RecordStore {
  /** The record of one image and method, where it has been measured; an image keeps its target. */
  find(imageIndex: number, method: string): StudyRecord | undefined;
  /** The target that the image was explained for, where any method has been measured. */
  targetOf(imageIndex: number): StudyTarget | undefined;
  /** Returns once the record has reached the disk. */
  append(record: StudyRecord): Promise<void>;
  close(): Promise<void>;
}

/** What all records of one study share. */
export type StudyFacts = Pick<StudyRecord, 'study' | 'seed' | 'preset' | 'model' | 'versions'>;

/** Reads a line of a study, which has to be a record of it. */
function lineReader(study: StudyFacts): (line: string, where: string) => StudyRecord {
  const parameters = new Map<string, string>();
  return (line, where) => {
    const record = parseRecord(line, where);
    requireStudy(record, study, where);
    requireMetrics(record, where);
    // A method keeps its parameters, also where the study's manifest is gone.
    const given = JSON.stringify(record.parameters);
    const known = parameters.get(record.method) ?? given;
    if (known !== given) throw foreign(`parameters of ${record.method}`, known, given, where);
    parameters.set(record.method, given);
    return record;
  };
}

/**
 * Opens or creates the store of one study. A last line that a kill tore is cut off; any other line that is not a
 * record, or one of another study, is an InputError with its number.
 */
export async function openRecords(path: string, study: StudyFacts): Promise<RecordStore> {
  const found = new Map<number, Map<string, StudyRecord>>();
  const remember = (record: StudyRecord): void => {
    const ofImage = found.get(record.imageIndex) ?? new Map<string, StudyRecord>();
    found.set(record.imageIndex, ofImage.set(record.method, record));
  };
  const lines = await openLines(path, lineReader(study));
  for (const record of lines.earlier) remember(record);
  return {
    find: (imageIndex, method) => found.get(imageIndex)?.get(method),
    targetOf: (imageIndex) => found.get(imageIndex)?.values().next().value?.target,
    async append(record) {
      for (const written of await lines.append(record)) remember(written);
    },
    close: () => lines.close(),
  };
}

/** The records of a study as they stand in its file, which is left as it is; InputErrors as those of openRecords. */
export async function readRecords(path: string, study: StudyFacts): Promise<readonly StudyRecord[]> {
  // A study that was killed before its first record has an empty file, or none.
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size === 0) return [];
  const content = await readBoundedFile(path, {
    maximumBytes: 2 ** 28,
    todo: 'Delete the folder, or choose another.',
  });
  return parseLines(Buffer.from(content), lineReader(study), path).items;
}

function requireStudy(record: StudyRecord, study: StudyFacts, where: string): void {
  const text = (value: unknown): string => JSON.stringify(value);
  for (const name of ['seed', 'preset', 'model', 'versions', 'study'] as const) {
    if (text(record[name]) !== text(study[name]))
      throw foreign(name, text(study[name]), text(record[name]), where);
  }
}

/** A metric that was added since would otherwise be a mean over some of the images. */
function requireMetrics({ method, metrics: values }: StudyRecord, where: string): void {
  const absent = metrics.find(({ id }) => method !== randomBaseline && values[id] === undefined);
  if (absent !== undefined) throw foreign('metrics', `a value of ${absent.id}`, 'none', where);
}

function foreign(name: string, expected: string, got: string, where: string): InputError {
  return failAt(where, 'Choose another --out, or delete the line if it does not belong here.')(
    `a record of another study: its ${name}`,
    expected,
    got,
  );
}

/** One check per field of StudyRecord; the mapped type makes the compiler find a forgotten one. */
const fields: Readonly<Record<keyof Required<StudyRecord>, Check>> = {
  study: isText,
  image: isText,
  imageIndex: isNumber,
  target: shape({ index: isNumber, name: isText, score: isNumber, truePositive: isFlag }),
  method: isText,
  parameters: mapOf((value) => isText(value) || isNumber(value) || isFlag(value) || isNumbers(value)),
  metrics: shape({
    ...Object.fromEntries(metrics.map(({ id }) => [id, optional(isNumber)] as const)),
    morf: isNumbers,
  }),
  map: optional(isText),
  completenessGap: optional(isNumber),
  sampling: optional(
    shape({ relativeError: optional(isNumber), evaluations: isNumber, reached: optional(isFlag) }),
  ),
  localisation: optional(
    shape({ share: optional(isNumber), area: isNumber, ratio: optional(isNumber), hit: isNumber }),
  ),
  seed: isNumber,
  preset: isText,
  versions: mapOf(isText),
  model: isText,
  device: isText,
};

function isStudyRecord(value: unknown): value is StudyRecord {
  return shape(fields)(value);
}

function parseRecord(line: string, where: string): StudyRecord {
  const broken = (got: string): InputError =>
    failAt(where, 'Delete the line, or choose another --out.')(
      'not a record of the study',
      'one JSON object with finite numbers',
      got,
    );
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (thrown) {
    throw broken(messageOf(thrown));
  }
  if (isStudyRecord(value)) return value;
  const wrong = isJsonObject(value)
    ? Object.entries(fields).find(([name, check]) => !check(value[name]))
    : undefined;
  throw broken(wrong === undefined ? 'no object' : `a wrong or missing "${wrong[0]}"`);
}
