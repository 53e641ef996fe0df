/**
 * The sessions of an engine's programs: one for each batch size of each program, since runtimes plan memory and
 * layout better for a fixed size; together they stay within a memory limit.
 */

export interface Sessions<Session> {
  /** Uses the session for a batch of this size (undefined: any size), starting it if needed. */
  use<Result>(
    batch: number | undefined,
    action: (session: Session) => Promise<Result> | Result,
  ): Promise<Result>;
  dispose(): Promise<void>;
}

export interface SessionsOptions<Session> {
  readonly start: (batch: number | undefined) => Promise<Session>;
  readonly stop: (session: Session) => Promise<unknown>;
  /** Bytes that a session for a batch of this size holds. */
  readonly sizeOf: (batch: number | undefined) => number;
  /** Whether the session holds state, as of a training: it is then never released to make room. */
  readonly keep?: boolean;
}

/** A session as the pool sees it. */
interface Held {
  readonly bytes: number;
  readonly keep: boolean;
  /** Forgets the session at once, and stops it as soon as it is idle. */
  readonly end: () => Promise<void>;
}

interface Started<Session> extends Held {
  readonly session: Promise<Session>;
  /** Settles when the session is no longer in use. */
  idle: Promise<unknown>;
}

export interface SessionPool {
  /** The sessions of one program. */
  open<Session>(options: SessionsOptions<Session>): Sessions<Session>;
}

/**
 * Releases the least recently used sessions, of any program, before a new one would exceed the limit; a single
 * session may exceed it.
 * @param limit bytes
 */
export function createSessionPool(limit: number): SessionPool {
  /** Of all programs, in the order of last use. */
  const held = new Set<Held>();

  /** Chooses the sessions to release at once; they have ended when the promise resolves. */
  async function makeRoom(bytes: number): Promise<void> {
    let total = [...held].reduce((sum, entry) => sum + entry.bytes, bytes);
    const ending: Promise<void>[] = [];
    for (const entry of held) {
      if (total <= limit) break;
      if (entry.keep) continue;
      total -= entry.bytes;
      ending.push(entry.end());
    }
    await Promise.all(ending);
  }

  return {
    open<Session>({ start, stop, sizeOf, keep = false }: SessionsOptions<Session>): Sessions<Session> {
      const started = new Map<number | undefined, Started<Session>>();
      let isDisposed = false;

      function begin(batch: number | undefined): Started<Session> {
        const bytes = sizeOf(batch);
        const session = makeRoom(bytes).then(() => start(batch));
        const forget = (): void => {
          held.delete(entry);
          if (started.get(batch) === entry) started.delete(batch);
        };
        const entry: Started<Session> = {
          ...{ session, bytes, keep, idle: session },
          async end() {
            forget();
            await Promise.allSettled([entry.idle]);
            // A session that did not start needs no stop; its user gets the error.
            await session.then(stop, () => undefined);
          },
        };
        session.catch(forget);
        started.set(batch, entry);
        return entry;
      }

      return {
        async use(batch, action) {
          if (isDisposed) throw new Error('this program was disposed of');
          const entry = started.get(batch) ?? begin(batch);
          held.delete(entry);
          held.add(entry);
          const result = entry.session.then(action);
          // Settles to nothing: each promise would otherwise hold the results of all before it.
          entry.idle = Promise.allSettled([entry.idle, result]).then(() => undefined);
          return result;
        },
        async dispose() {
          if (isDisposed) throw new Error('this program was disposed of');
          isDisposed = true;
          for (const entry of [...started.values()]) await entry.end();
        },
      };
    },
  };
}
