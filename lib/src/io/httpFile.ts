/** A file on the web, read by ranges: what a server says of itself is checked, and no answer is longer than what was asked for. */
import { failAt, InputError, messageOf } from '../error.js';
import type { ByteSource } from './byteSource.js';

export interface HttpFileOptions {
  /** What the user can do if it cannot be read. */
  readonly todo: string;
  /** Longest wait for an answer to one request, in milliseconds; default: 30,000. */
  readonly timeout?: number;
}

/** Short reads are served from chunks of this size, so that a header of many small parts takes one request. */
const chunkBytes = 2 ** 14;
const chunksKept = 64;

/**
 * Opens a file of a server that answers ranges (RFC 9110, section 14). Its first 16 KiB are fetched now; no other
 * address is ever asked, so that a redirection is an error which names the new one.
 * @throws InputError if there is no such file, the server does not answer ranges, in time or in what it announced
 */
export async function openHttpFile(
  address: string,
  { todo, timeout = 30_000 }: HttpFileOptions,
): Promise<ByteSource> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  // A query or a password may be a secret, which does not belong in messages.
  const where = url === undefined ? address : url.origin + url.pathname;
  const fail = failAt(where, todo);
  if (url === undefined) throw fail('not an address');
  let size: number | undefined;

  const request = async (first: number, last: number): Promise<Uint8Array> => {
    const expected = `bytes ${first} to ${last}`;
    let response: Response;
    try {
      response = await fetch(url, {
        headers: { range: `bytes=${first}-${last}`, 'accept-encoding': 'identity' },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
      });
    } catch (thrown) {
      throw fail(`the file cannot be fetched: ${reasonOf(thrown, timeout)}`);
    }
    try {
      const { status, headers, body } = response;
      if (status >= 300 && status < 400) {
        const target = headers.get('location') ?? 'an address that it does not say';
        const advise = failAt(where, 'Give that address instead.');
        throw advise('the server sends to another address', undefined, target);
      }
      if (status === 200) {
        const advise = failAt(where, 'Download the file and give its path.');
        const got = 'status 200 and the whole file';
        throw advise('the server does not answer ranges', `status 206 for ${expected}`, got);
      }
      if (status !== 206 || body === null) {
        throw fail('the server does not have the file', 'status 206', `status ${status}`);
      }
      const range = headers.get('content-range') ?? 'no Content-Range';
      const [start, end, total] = (/^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range) ?? [])
        .slice(1)
        .map(Number);
      const isAsked = start === first && end === Math.min(last, total - 1) && end >= start;
      if (!isAsked || total !== (size ?? total)) {
        const asked = size === undefined ? expected : `${expected} of ${size}`;
        throw fail('the server answers another range', asked, range);
      }
      size = total;
      return await readBody(body, end + 1 - start);
    } catch (thrown) {
      if (thrown instanceof InputError) throw thrown;
      throw fail(`the answer ends too early: ${reasonOf(thrown, timeout)}`);
    } finally {
      // Nothing more is taken of an answer that is wrong.
      if (response.body?.locked === false) await response.body.cancel().catch(() => undefined);
    }
  };

  async function readBody(body: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let done = 0;
    const reader = body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const part = next.value;
      if (done + part.length > length) {
        await reader.cancel().catch(() => undefined);
        throw fail('the answer is longer than announced', `${length} bytes`);
      }
      bytes.set(part, done);
      done += part.length;
    }
    if (done === length) return bytes;
    throw fail('the answer is shorter than announced', `${length} bytes`, `${done}`);
  }

  const head = await request(0, chunkBytes - 1);
  const total = size ?? head.length;
  const chunks = new Map<number, Promise<Uint8Array>>([[0, Promise.resolve(head)]]);
  const chunkAt = (index: number): Promise<Uint8Array> => {
    const known = chunks.get(index);
    if (known !== undefined) return known;
    const fetched = request(index * chunkBytes, Math.min((index + 1) * chunkBytes, total) - 1);
    chunks.set(index, fetched);
    fetched.catch(() => chunks.delete(index));
    // The head stays; of the others the first fetched goes first.
    const oldest = [...chunks.keys()].find((key) => key !== 0);
    if (chunks.size > chunksKept && oldest !== undefined) chunks.delete(oldest);
    return fetched;
  };
  return {
    size: total,
    close: async () => undefined,
    async read(offset, length) {
      const [first, last] = [Math.floor(offset / chunkBytes), Math.floor((offset + length - 1) / chunkBytes)];
      if (length === 0) return new Uint8Array(0);
      const areKnown = chunks.has(first) && chunks.has(last) && last - first <= 1;
      if (length > chunkBytes / 4 && !areKnown) return request(offset, offset + length - 1);
      const bytes = new Uint8Array(length);
      for (let index = first; index <= last; index++) {
        const from = Math.max(offset, index * chunkBytes);
        const to = Math.min(offset + length, (index + 1) * chunkBytes);
        const chunk = await chunkAt(index);
        bytes.set(chunk.subarray(from - index * chunkBytes, to - index * chunkBytes), from - offset);
      }
      return bytes;
    },
  };
}

function reasonOf(thrown: unknown, timeout: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError')
    return `no answer within ${timeout / 1000} s`;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return messageOf(cause instanceof Error && cause.message !== '' ? cause : thrown);
}
