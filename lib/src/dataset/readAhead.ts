/** Reading ahead: the next reads are under way while the last one is worked on. */
import { requireCount } from '../check.js';

export interface ReadAheadOptions {
  /** Reads under way at any time; with the one that is worked on, `ahead` + 1 results are in memory. Default: 4. */
  readonly ahead?: number;
}

/**
 * What `read` gives for each index, in order. A failure is thrown where its result is awaited, and nowhere else. Once
 * the consumer stops, or a read fails, no further read starts, and those under way are waited for.
 */
export async function* readAhead<T>(
  read: (index: number) => Promise<T>,
  indices: Iterable<number>,
  { ahead = 4 }: ReadAheadOptions = {},
): AsyncGenerator<T, void, undefined> {
  requireCount(ahead, 'readAhead, ahead');
  const remaining = indices[Symbol.iterator]();
  const underWay: Promise<T>[] = [];
  const fill = (): void => {
    while (underWay.length < ahead) {
      const next = remaining.next();
      if (next.done === true) return;
      // The wrapper turns what is thrown at once into a rejection.
      const reading = (async () => read(next.value))();
      // Awaited later, or never where the consumer stops: until then nobody listens.
      reading.catch(() => undefined);
      underWay.push(reading);
    }
  };
  try {
    fill();
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
      const result = await next;
      fill();
      yield result;
    }
  } finally {
    remaining.return?.();
    await Promise.allSettled(underWay);
  }
}
