/** The records of a BigEarthNet v2 database that rico-hdl wrote: a patch's bands, or its map, as safetensors. */
import { type Fail, failAt } from '../../error.js';
import { readSafetensors, type Safetensor } from '../../io/safetensors.js';
import { corineMasks, type PatchBands, type PatchBandsOptions, patchSize, stackBands } from './patchBands.js';

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
  const fail = failAt(where, options.todo);
  const arrays = readSafetensors(bytes, where, options);
  return stackBands((band, side) => {
    const array = arrays.get(band);
    if (array === undefined) {
      const got = [...arrays.keys()].slice(0, 16).join(', ').slice(0, 200);
      throw fail(`no band ${band}`, 'arrays B01 to B12', got);
    }
    const label = `${where}, ${band}`;
    requireSquare(array, side, failAt(label, options.todo));
    return { pixels: array.values(), where: label };
  }, options);
}

/**
 * The masks [19, 120, 120] of a record with one array of CORINE codes.
 * @throws InputError if the record is damaged, holds another array, or codes that CORINE has not
 */
export function masksOfRecord(bytes: Uint8Array, where: string, todo: string): Uint8Array {
  const fail = failAt(where, todo);
  const maps = [...readSafetensors(bytes, where, { todo }).values()];
  if (maps.length !== 1) throw fail('not a reference map', 'one array', `${maps.length}`);
  requireSquare(maps[0], patchSize, fail);
  return corineMasks(maps[0].values(), fail);
}

function requireSquare({ shape }: Safetensor, side: number, fail: Fail): void {
  if (shape.length === 2 && shape[0] === side && shape[1] === side) return;
  throw fail('an array of the wrong shape', `[${side}, ${side}]`, `[${shape.slice(0, 8).join(', ')}]`);
}
