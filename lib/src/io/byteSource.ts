/** Bytes by offset: in memory, in a regular file (`openRegularFile`), or behind an address (`openHttpFile`). */

export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** Bytes from an offset; the range lies within `size`. InputError if they cannot be had. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Whether a path is the address of a file on the web. */
export const isUrl = (path: string): boolean => /^https?:\/\//i.test(path);

export const bytesInMemory = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
  close: async () => undefined,
});
