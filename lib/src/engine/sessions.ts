/** The sessions of one program: a runtime plans memory and layout for one batch size better than for all. */

/** Beyond so many, the one that was not used for longest makes room: each holds the weights. */
const mostSessions = 3;

export interface Sessions<Session> {
  /** Uses the session for a batch of this size (undefined: any size), started where there is none yet. */
  use<Result>(
    batch: number | undefined,
    action: (session: Session) => Promise<Result> | Result,
  ): Promise<Result>;
  dispose(): Promise<void>;
}

interface Started<Session> {
  readonly session: Promise<Session>;
  /** Settles when nobody uses the session any more. */
  readonly idle: Promise<void>;
}

export function createSessions<Session>(
  start: (batch: number | undefined) => Promise<Session>,
  stop: (session: Session) => Promise<unknown>,
): Sessions<Session> {
  /** In the order of last use. */
  const started = new Map<number | undefined, Started<Session>>();
  let isDisposed = false;
  const end = async ({ session, idle }: Started<Session>): Promise<void> => {
    await idle;
    // One that did not start leaves nothing to stop; whoever asked for it knows why.
    await session.then(stop, () => undefined);
  };
  return {
    async use(batch, action) {
      if (isDisposed) throw new Error('this program was disposed of');
      const { session, idle } = started.get(batch) ?? { session: start(batch), idle: undefined };
      session.catch(() => {
        if (started.get(batch)?.session === session) started.delete(batch);
      });
      const result = session.then(action);
      started.delete(batch);
      // Settles to nothing: each promise would otherwise hold the results of all before it.
      const settled = Promise.allSettled([idle, result]).then(() => undefined);
      started.set(batch, { session, idle: settled });
      if (started.size > mostSessions) {
        const [[oldest, entry]] = started;
        started.delete(oldest);
        await end(entry);
      }
      return result;
    },
    async dispose() {
      if (isDisposed) throw new Error('this program was disposed of');
      isDisposed = true;
      const all = [...started.values()];
      started.clear();
      for (const entry of all) await end(entry);
    },
  };
}
