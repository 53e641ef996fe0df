/** The `_labels_metadata.json` beside each BigEarthNet v1 patch: its labels and, mostly, where and when. */
import { describeValue, failAt, type InputError } from '../../error.js';
import { fieldsOf, isListOf, isNumbers, isText, isTexts, readJsonObject } from '../../io/json.js';
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
    failAt(path, todo)(what, expected, describeValue(got));

  const labels = content.labels;
  if (!isTexts(labels)) throw fail('"labels" is wrong', 'a list of names', labels);
  if (!isListOf(labels, isClass43)) {
    const unknown = labels.find((label) => !isClass43(label));
    throw fail('unknown label', 'names of the 43-class CORINE Land Cover nomenclature', unknown);
  }

  const text = (field: string): string | undefined => {
    const value = content[field];
    if (value === undefined || isText(value)) return value;
    throw fail(`"${field}" is wrong`, 'a text', value);
  };
  const projection = text('projection');
  const [tileSource, acquisitionDate] = [text('tile_source'), text('acquisition_date')];
  return {
    labels,
    coordinates: content.coordinates === undefined ? undefined : cornersOf(content.coordinates, fail),
    projection,
    epsg: projection === undefined ? undefined : epsgOf(projection),
    facts: {
      ...(tileSource !== undefined && { tileSource }),
      ...(acquisitionDate !== undefined && { acquisitionDate }),
    },
  };
}

function cornersOf(
  value: unknown,
  fail: (what: string, expected: string, got: unknown) => InputError,
): readonly number[] {
  const { ulx, uly, lrx, lry } = fieldsOf(value);
  const corners = [ulx, uly, lrx, lry];
  if (isNumbers(corners)) return corners;
  throw fail('"coordinates" is wrong', 'numbers ulx, uly, lrx and lry', value);
}

/** In well-known text the outermost element's authority comes last. */
function epsgOf(projection: string): number | undefined {
  const match = /AUTHORITY\["EPSG","(\d{1,6})"\]\]\s*$/.exec(projection);
  return match === null ? undefined : Number(match[1]);
}
