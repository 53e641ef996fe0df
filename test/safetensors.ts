/** A safetensors file of float32 and int64 arrays, written by the format's description. */

interface Stored {
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

export function encodeSafetensors(arrays: ReadonlyMap<string, Stored>): Uint8Array {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { data, shape }] of arrays) {
    header[name] = {
      dtype: data instanceof Float32Array ? 'F32' : 'I64',
      shape,
      data_offsets: [offset, offset + data.byteLength],
    };
    offset += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = [...arrays.values()].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return new Uint8Array(Buffer.concat([length, text, ...parts]));
}
