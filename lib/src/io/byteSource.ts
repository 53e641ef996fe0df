/** Bytes by offset: in memory, in a regular file, or behind a URL. */
import { openRegularFile, readRange } from './boundedFile.js';
import { openHttpFile } from './httpFile.js';

export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** Bytes from an offset; the range lies within `size`. InputError if they cannot be had. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Whether a path is the address of a file on the web. */
export const isUrl = (path: string): boolean => /^https?:\/\//i.test(path);

export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    close: async () => undefined,
  };
}

/**
 * Opens a regular file, or a file on the web of whose bytes only those read are fetched.
 * @throws InputError if it is missing or cannot be read
 */
export async function openByteSource(path: string, todo: string): Promise<ByteSource> {
  if (isUrl(path)) return { ...(await openHttpFile(path, { todo })), close: async () => undefined };
  const file = await openRegularFile(path, { todo });
  return {
    size: file.size,
    read: (offset, length) => readRange(file, { offset, length, where: path, todo }),
    close: () => file.handle.close(),
  };
}
