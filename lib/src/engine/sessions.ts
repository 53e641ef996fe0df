/**
 * The sessions of an engine's programs. A runtime plans memory and layout for one batch size better than for all, so
 * each size of each program has a session of its own; together they stay within a limit of memory.
 */

export interface Sessions<Session> {
  /** Uses the session for a batch of this size (undefined: any size), started where there is none. */
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
  /** Whether what a session holds would be lost with it, as the state of a training: such a one makes no room. */
  readonly keep?: boolean;
}

/** What a pool knows of a session. */
interface Held {
  readonly bytes: number;
  readonly keep: boolean;
  /** Forgets the session at once, and stops it as soon as it is idle. */
  readonly end: () => Promise<void>;
}

interface Started<Session> extends Held {
  readonly session: Promise<Session>;
  /** Settles when nobody uses the session any more. */
  idle: Promise<unknown>;
}

export interface SessionPool {
  /** The sessions of one program. */
  open<Session>(options: SessionsOptions<Session>): Sessions<Session>;
}

/**
 * The sessions that were not used for longest, of whichever program, make room before another one would exceed the
 * limit; one session may do so alone.
 * @param limit bytes
 */
export function createSessionPool(limit: number): SessionPool {
  /** Of all programs, in the order of last use. */
  const held = new Set<Held>();

  /** What it takes to stay within the limit is chosen at once, and is gone when the promise resolves. */
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
            // One that did not start leaves nothing to stop; whoever asked for it knows why.
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
