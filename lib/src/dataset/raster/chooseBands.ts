/** The bands of a file by their names: as the user names them, or as the file does. */
import { failAt } from '../../error.js';
import type { GeoTiff } from './geoTiff.js';

export interface BandChoice {
  /** Names of the file's bands, in its order; default: those that the file gives them. */
  readonly bands?: readonly string[];
  /** The bands wanted, in this order; default: all, in the file's order. */
  readonly select?: readonly string[];
}

export interface ChosenBands {
  /** Of every band of the file. */
  readonly names: readonly string[];
  readonly select: readonly string[];
  /** The bands wanted, as positions in the file. */
  readonly samples: readonly number[];
}

/** InputError unless each band of the file has a name of its own, and each wanted band is among them. */
export function chooseBands(
  { samples, bandNames }: Pick<GeoTiff, 'samples' | 'bandNames'>,
  { bands, select }: BandChoice,
  path: string,
): ChosenBands {
  const names = bands ?? bandNames ?? [];
  if (names.length !== samples || new Set(names).size !== samples || names.includes('')) {
    const fail = failAt(
      path,
      'Name them in its order: option `bands`; of a folder, "bands" in landlens.json.',
    );
    const what = names.length === 0 ? 'the bands have no names' : 'the names of the bands do not fit';
    throw fail(what, `${samples} different names`, names.join(' ') || 'none');
  }
  const wanted = select ?? names;
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0 || wanted.length === 0) {
    const got = missing.join(' ') || 'none';
    throw failAt(path)('a wanted band is not in the file', `some of ${names.join(' ')}`, got);
  }
  return { names, select: wanted, samples: wanted.map((name) => names.indexOf(name)) };
}
