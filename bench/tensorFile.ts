/** Arrays that travel between the two sides: raw little-endian float32 files, described in the message. */
import { readFile, writeFile } from 'node:fs/promises';
import { sizeOf, type Tensor } from 'landlens/tensor';

export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** In values, not bytes. */
  readonly offset: number;
}

export interface TensorFile {
  readonly path: string;
  readonly entries: readonly TensorEntry[];
}

export async function writeTensors(path: string, tensors: ReadonlyMap<string, Tensor>): Promise<TensorFile> {
  const entries: TensorEntry[] = [];
  let offset = 0;
  for (const [name, { shape }] of tensors) {
    entries.push({ name, shape, offset });
    offset += sizeOf(shape);
  }
  const all = new Float32Array(offset);
  for (const [i, { data }] of [...tensors.values()].entries()) all.set(data, entries[i].offset);
  await writeFile(path, new Uint8Array(all.buffer));
  return { path, entries };
}

export async function readTensors({ path, entries }: TensorFile): Promise<ReadonlyMap<string, Tensor>> {
  const bytes = await readFile(path);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return new Map(
    entries.map(({ name, shape, offset }) => {
      const data = values.slice(offset, offset + sizeOf(shape));
      if (data.length !== sizeOf(shape)) throw new Error(`${path} ends within "${name}"`);
      return [name, { data, shape }];
    }),
  );
}

/** One array of a set; an error where there is none. */
export function tensorNamed(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const found = tensors.get(name);
  if (found === undefined) throw new Error(`there is no array "${name}"`);
  return found;
}
