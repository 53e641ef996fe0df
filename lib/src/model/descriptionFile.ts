/** The JSON that says what a network's inputs and outputs mean: in its metadata, or in a file beside it. */
import { resamplings } from '../dataset/raster/resample.js';
import { failAt, type InputError } from '../error.js';
import { readIfPresent } from '../io/boundedFile.js';
import { fieldsOf, isCount, isJsonObject, isNumbers, isText, isTexts, parseJson } from '../io/json.js';
import { type ClassifierDescription, layouts, scoreActivations } from './classifier.js';

/** The metadata key of a file's description (JSON). */
export const descriptionKey = 'landlens.classifier';

/** my-network.onnx and my-network.safetensors are described by my-network.json, model.json by model.classifier.json. */
export const sidecarPath = (path: string): string =>
  /\.json$/i.test(path)
    ? path.replace(/\.json$/i, '.classifier.json')
    : `${path.replace(/\.(onnx|safetensors)$/i, '')}.json`;

const fields =
  '{name, bands, classes, normalisation: {mean, deviation}, networkBands?, clip?, resampling?, layout?, size?, activation?, featureLayer?, featureGrid?}';

const isPair = (value: unknown): value is [number, number] => isNumbers(value) && value.length === 2;
const isSides = (value: unknown): boolean =>
  isPair(value) && value.every((side) => isCount(side) && side > 0);
const isOneOf = (names: readonly unknown[]) => (value: unknown) => names.includes(value);
const isStatistics = (value: unknown): boolean =>
  isNumbers(fieldsOf(value).mean) && isNumbers(fieldsOf(value).deviation);

/** What each field must be. */
const checks: Readonly<Record<keyof ClassifierDescription, (value: unknown) => boolean>> = {
  ...{ name: isText, bands: isTexts, classes: isTexts, networkBands: isTexts, featureLayer: isText },
  ...{ clip: isPair, size: isSides, featureGrid: isSides, normalisation: isStatistics },
  ...{ resampling: isOneOf(resamplings), layout: isOneOf(layouts), activation: isOneOf(scoreActivations) },
};

interface DescriptionSource {
  /** For messages. */
  readonly where: string;
  /** Whether a broken description matters. */
  readonly needed: boolean;
}

/** A description field by field; fields of other names are left to other readers. */
export function readDescription(
  text: string | Uint8Array,
  { where, needed }: DescriptionSource,
): Partial<ClassifierDescription> {
  const fail = (got: string): Partial<ClassifierDescription> => {
    if (!needed) return {};
    throw failAt(where)('not a description of a classifier', fields, got);
  };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return fail('not JSON');
  }
  if (!isJsonObject(value)) return fail('not an object');
  const known = Object.entries(checks).filter(([name]) => value[name] !== undefined);
  const wrong = known.filter(([name, isRight]) => !isRight(value[name]));
  if (wrong.length > 0) return fail(`a wrong value of ${wrong.map(([name]) => name).join(', ')}`);
  return Object.fromEntries(known.map(([name]) => [name, value[name]]));
}

/** Without the fields that say nothing, which would hide those of another source. */
export function defined(description: Partial<ClassifierDescription>): Partial<ClassifierDescription> {
  return Object.fromEntries(Object.entries(description).filter(([, value]) => value !== undefined));
}

/** What the JSON file beside a network says; nothing where there is none. */
export async function readSidecar(
  path: string,
  { needed }: Pick<DescriptionSource, 'needed'>,
): Promise<Partial<ClassifierDescription>> {
  const sidecar = sidecarPath(path);
  const bytes = await readIfPresent(sidecar, { maximumBytes: 2 ** 24, todo: `Give it as ${fields}.` });
  if (bytes === undefined) return {};
  return readDescription(bytes, { where: sidecar, needed });
}

/** A description with all that a classifier needs. */
export function completeDescription(
  { name = 'network', bands, classes, normalisation, ...others }: Partial<ClassifierDescription>,
  where: string,
): ClassifierDescription {
  if (bands === undefined || classes === undefined || normalisation === undefined) {
    const missing = Object.entries({ bands, classes, normalisation }).filter(
      ([, value]) => value === undefined,
    );
    const todo = `Put them into ${sidecarPath(where)}: {"name", "bands": [...], "classes": [...], "normalisation": {"mean": [...], "deviation": [...]}, "featureLayer"}; or pass them to openClassifier.`;
    throw failAt(where, todo)(
      'the file does not say what its inputs and outputs mean',
      'bands, classes and normalisation',
      `no ${missing.map(([key]) => key).join(', no ')}`,
    );
  }
  return { name, bands, classes, normalisation, ...others };
}

/** For files that do not fix the size of their images. */
export const missingSize = (path: string): InputError =>
  failAt(path, `Put "size": [height, width] into ${sidecarPath(path)}, or pass it.`)(
    'the file does not say how large its images are',
    'size: [height, width] in pixels',
  );
