/** The `_labels_metadata.json` beside each BigEarthNet v1 patch: its labels and, mostly, where and when. */
import { describeValue, InputError } from '../../error.js';
import { isJsonObject, readJsonObject } from '../../io/jsonFile.js';
import { type Class43, isClass43 } from './labels.js';

export interface PatchMetadata {
  readonly labels: readonly Class43[];
  /** [ulx, uly, lrx, lry]: easting and northing of the upper left and lower right corner, in metres. */
  readonly coordinates?: readonly number[];
  /** Well-known text. */
  readonly projection?: string;
  /** EPSG code of the whole projection, where its text names one. */
  readonly epsg?: number;
  /** `tileSource` and `acquisitionDate`, where known. */
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * Reads the metadata of one patch. Labels are required; the rest may be missing, but not be of another type.
 * @throws InputError if the file is missing, larger than 1 MB, no JSON object, or a field is wrong
 */
export async function readPatchMetadata(path: string, todo: string): Promise<PatchMetadata> {
  const content = await readJsonObject(path, { maximumBytes: 1e6, todo });
  const fail = (what: string, expected: string, got: unknown) =>
    new InputError({ what, where: path, expected, got: describeValue(got), todo });

  const labels = content.labels;
  if (!isStrings(labels)) throw fail('"labels" is wrong', 'a list of names', labels);
  const known = labels.filter(isClass43);
  if (known.length < labels.length) {
    const unknown = labels.find((label) => !isClass43(label));
    throw fail('unknown label', 'names of the 43-class CORINE Land Cover nomenclature', unknown);
  }

  const text = (field: string): string | undefined => {
    const value = content[field];
    if (value !== undefined && typeof value !== 'string') throw fail(`"${field}" is wrong`, 'a text', value);
    return value;
  };
  const projection = text('projection');
  const epsg = projection === undefined ? undefined : epsgOf(projection);
  const coordinates = content.coordinates === undefined ? undefined : cornersOf(content.coordinates);
  if (coordinates === null) {
    throw fail('"coordinates" is wrong', 'numbers ulx, uly, lrx and lry', content.coordinates);
  }
  const [tileSource, acquisitionDate] = [text('tile_source'), text('acquisition_date')];
  return {
    labels: known,
    ...(coordinates === undefined ? {} : { coordinates }),
    ...(projection === undefined ? {} : { projection }),
    ...(epsg === undefined ? {} : { epsg }),
    facts: {
      ...(tileSource === undefined ? {} : { tileSource }),
      ...(acquisitionDate === undefined ? {} : { acquisitionDate }),
    },
  };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function cornersOf(value: unknown): readonly number[] | null {
  if (!isJsonObject(value)) return null;
  const corners = [value.ulx, value.uly, value.lrx, value.lry];
  return corners.every((corner) => typeof corner === 'number') ? corners : null;
}

/** In well-known text the outermost element's authority comes last. */
function epsgOf(projection: string): number | undefined {
  const match = /AUTHORITY\["EPSG","(\d{1,6})"\]\]\s*$/.exec(projection);
  return match === null ? undefined : Number(match[1]);
}
