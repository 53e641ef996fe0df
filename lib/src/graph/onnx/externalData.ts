/** Weights that lie in files beside the model: read only from inside the model's folder, and no byte twice. */

import { failAt, InputError, messageOf } from '../../error.js';
import { type OpenedFile, useFile } from '../../io/boundedFile.js';
import { resolveInside } from '../../io/insideFolder.js';
import type { ConstantTensor } from '../type.js';
import type { EntryMessage, TensorMessage } from './schema.js';
import { rawByteLength, readTensor } from './tensorProto.js';

function byteCount(text: string, where: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw failAt(where)('not a number of bytes', 'a whole number from 0', `"${text.slice(0, 40)}"`);
}

const todo = 'Put the file with the weights beside the model.';
const damaged = 'The files do not belong together, or one is damaged: download or export them again.';

async function locate(folder: string | undefined, location: string, where: string): Promise<string> {
  if (folder === undefined) {
    throw failAt(where, 'Read the model by its path, or pass `folder`.')('the weights lie in another file');
  }
  try {
    return await resolveInside(folder, location, where);
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    throw failAt(where, todo)(`the file with the weights cannot be read: ${messageOf(thrown)}`);
  }
}

/**
 * A reader of one model's external weights. Weights that name the same bytes in the same form are one tensor; other
 * weights share no bytes, so that no more is read than the files hold.
 * @param folder the model's
 * @returns a function that reads a tensor; it throws InputError if the file is missing, lies outside `folder` or is
 *   too short, or if weights overlap
 */
export function externalWeights(
  folder: string | undefined,
): (message: TensorMessage, where: string) => Promise<ConstantTensor> {
  const tensors = new Map<string, ConstantTensor>();
  /** Bytes of the weights that were read, by file. */
  const taken = new Map<string, number>();
  return async (message, where) => {
    const fields = new Map(message.externalData.map(({ key, value }: EntryMessage) => [key, value]));
    const path = await locate(folder, fields.get('location') ?? '', where);
    const size = rawByteLength(message, where);
    const offset = byteCount(fields.get('offset') ?? '0', `${where}, external offset`);
    const length = byteCount(fields.get('length') ?? String(size), `${where}, external length`);
    const key = JSON.stringify([path, offset, length, message.dataType, message.dims.map(String)]);
    const known = tensors.get(key);
    if (known !== undefined) return known;
    return useFile(path, { where, todo }, async (file) => {
      requireRange(file, { offset, length, size, where });
      const total = (taken.get(path) ?? 0) + length;
      if (total > file.size) {
        throw failAt(where, damaged)(
          'weights overlap in the file that holds them',
          `at most the ${file.size} bytes of the file, each once`,
          `${total} bytes`,
        );
      }
      taken.set(path, total);
      const tensor = readTensor(message, where, await file.read(offset, length));
      tensors.set(key, tensor);
      return tensor;
    });
  };
}

function requireRange(
  file: OpenedFile,
  { offset, length, size, where }: { offset: number; length: number; size: number; where: string },
): void {
  if (length === size && offset + length <= file.size) return;
  throw failAt(where, damaged)(
    'the external data do not fit the tensor',
    `${size} bytes from offset ${offset}`,
    `${length} bytes named, in a file of ${file.size} bytes`,
  );
}
