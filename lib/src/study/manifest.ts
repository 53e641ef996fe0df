/** What a results folder holds: a study that continues there must be the same study. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { failAt, messageOf } from '../error.js';
import { readIfPresent } from '../io/boundedFile.js';
import { writeFileAtomic } from '../io/file.js';
import {
  type Check,
  isFlag,
  isJsonObject,
  isNumber,
  isText,
  mapOf,
  optional,
  parseJson,
  shape,
} from '../io/json.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const format = 'landlens study 2';

export interface Manifest {
  readonly format: typeof format;
  readonly dataset: { readonly name: string; readonly rendered: boolean; readonly testImages: number };
  /** `hash` is of the file; `description` of what is said of it: bands, classes, normalisation, … */
  readonly model: { readonly name: string; readonly hash: string; readonly description: string };
  readonly preset: string;
  readonly seed: number;
  /** Which images, where not all of the test split. */
  readonly selection?: Readonly<Record<string, string>>;
  /** Settings of the metrics. */
  readonly measurement: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, string>>;
  /** Parameters of each method that has run so far; later runs may add methods. */
  readonly methods: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

/** Tells things that differ apart: the first 16 hexadecimal digits of the SHA-256 of their JSON. */
export function identify(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** The study that a record belongs to; methods may be added to it. */
export function studyId({ methods: _, ...facts }: Manifest): string {
  return identify(facts);
}

function manifestPath(folder: string): string {
  return join(folder, 'study.json');
}

/** Every value that is not an object, by its dotted path. */
function leaves(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Map([[path, JSON.stringify(value)]]);
  }
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [...leaves(inner, path ? `${path}.${name}` : name)]),
  );
}

const todo = 'Choose another --out or delete the folder.';

async function readManifest(folder: string): Promise<unknown> {
  const path = manifestPath(folder);
  const bytes = await readIfPresent(path, { maximumBytes: 2 ** 24, todo });
  if (bytes === undefined) return undefined;
  try {
    return parseJson(bytes);
  } catch (thrown) {
    throw failAt(path, todo)(`is not JSON: ${messageOf(thrown)}`);
  }
}

/**
 * What differs between a study that is stored and one that is asked for, in words: "seed 1 there, 2 now". A method that
 * only one of the two knows is no difference, as the choice of methods may change.
 */
export function describeDifferences(stored: unknown, asked: Manifest): readonly string[] {
  const [there, now] = [leaves(stored), leaves(asked)];
  const known = (names: ReadonlyMap<string, string>, path: string): boolean => {
    const [first, method] = path.split('.');
    return first !== 'methods' || [...names.keys()].some((name) => name.startsWith(`methods.${method}.`));
  };
  return [...new Set([...now.keys(), ...there.keys()])]
    .filter((path) => now.get(path) !== there.get(path) && known(now, path) && known(there, path))
    .map((path) => `${path} ${there.get(path) ?? 'absent'} there, ${now.get(path) ?? 'absent'} now`);
}

/**
 * Writes the manifest of a new study, or compares it with the one in the folder and keeps what that knows about
 * further methods. Returns the manifest as stored; InputError names every difference.
 */
export async function reconcileManifest(folder: string, manifest: Manifest): Promise<Manifest> {
  const found = await readManifest(folder);
  const differences = found === undefined ? [] : describeDifferences(found, manifest);
  if (differences.length > 0) {
    throw failAt(manifestPath(folder), todo)(`the folder holds another study: ${differences.join('; ')}`);
  }
  const methods = { ...(isManifest(found) ? found.methods : {}), ...manifest.methods };
  const merged = { ...manifest, methods };
  const content = `${JSON.stringify(merged, undefined, 2)}\n`;
  if (found === undefined || JSON.stringify(found) !== JSON.stringify(merged)) {
    await writeFileAtomic(manifestPath(folder), content);
  }
  return merged;
}

const fields: Readonly<Record<keyof Required<Manifest>, Check>> = {
  format: (value) => value === format,
  dataset: shape({ name: isText, rendered: isFlag, testImages: isNumber }),
  model: shape({ name: isText, hash: isText, description: isText }),
  preset: isText,
  seed: isNumber,
  selection: optional(mapOf(isText)),
  measurement: mapOf(isNumber),
  versions: mapOf(isText),
  methods: mapOf(isJsonObject),
};

function isManifest(value: unknown): value is Manifest {
  return shape(fields)(value);
}

/**
 * The manifest of a folder's study; undefined where there is none, or that of another format.
 * @throws InputError where the file cannot be read or is no JSON
 */
export async function storedManifest(folder: string): Promise<Manifest | undefined> {
  const found = await readManifest(folder);
  return isManifest(found) ? found : undefined;
}

/** Whether two values hold the same, in whatever order. */
const isSame = (one: unknown, other: unknown): boolean => {
  const [a, b] = [one, other].map((value) => [...leaves(value)].sort().join('\n'));
  return a === b;
};

/** Whether two studies ask the same, whatever versions answer, and by whichever methods. */
export function asksTheSame(one: Manifest, other: Manifest): boolean {
  const asked = ({ methods: _, versions: __, ...facts }: Manifest) => facts;
  return isSame(asked(one), asked(other));
}

/** Whether a method was measured with these parameters; not where it was not measured. */
export const hasParameters = (
  { methods }: Manifest,
  id: string,
  parameters: Readonly<Record<string, unknown>>,
): boolean => methods[id] !== undefined && isSame(methods[id], parameters);
