/** The records of a BigEarthNet v2 database that rico-hdl wrote: a patch's bands, or its map, as safetensors. */
import { InputError } from '../../error.js';
import { readSafetensors, type Safetensor } from '../../io/safetensors.js';
import { type PatchBands, type PatchBandsOptions, patchSize, stackBands } from './patchBands.js';
import { masksOfCodes } from './referenceMap.js';

/** The most that a record can honestly take: 120 x 120 pixels of 12 bands in double precision, and a header. */
export const maximumRecordBytes = 2 * 2 ** 20;

/**
 * The image of a record with one array per band, of 120, 60 or 20 pixels a side.
 * @throws InputError if the record is damaged, lacks a band, or holds anything but digital numbers
 */
export async function imageOfRecord(
  bytes: Uint8Array,
  where: string,
  options: PatchBandsOptions,
): Promise<PatchBands> {
  const { todo } = options;
  const arrays = readSafetensors(bytes, where, { todo });
  return stackBands((band, side) => {
    const array = arrays.get(band);
    if (array === undefined) {
      const got = [...arrays.keys()].slice(0, 16).join(', ').slice(0, 200);
      throw new InputError({ what: `no band ${band}`, where, expected: 'arrays B01 to B12', got, todo });
    }
    const label = `${where}, ${band}`;
    requireSquare(array, side, label, todo);
    return { pixels: array.values(), where: label };
  }, options);
}

/**
 * The masks [19, 120, 120] of a record with one array of CORINE codes.
 * @throws InputError if the record is damaged, holds another array, or codes that CORINE has not
 */
export function masksOfRecord(bytes: Uint8Array, where: string, todo: string): Uint8Array {
  const [map, ...others] = readSafetensors(bytes, where, { todo }).values();
  if (map === undefined || others.length > 0) {
    const got = `${others.length + (map === undefined ? 0 : 1)}`;
    throw new InputError({ what: 'not a reference map', where, expected: 'one array', got, todo });
  }
  requireSquare(map, patchSize, where, todo);
  return masksOfCodes(map.values(), where, todo);
}

function requireSquare({ shape }: Safetensor, side: number, where: string, todo: string): void {
  if (shape.length === 2 && shape[0] === side && shape[1] === side) return;
  throw new InputError({
    what: 'an array of the wrong shape',
    where,
    expected: `[${side}, ${side}]`,
    got: `[${shape.slice(0, 8).join(', ')}]`,
    todo,
  });
}
