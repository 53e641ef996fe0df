import { deepEqual, ok, rejects } from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { createSessionPool, type SessionPool, type SessionsOptions } from '../../lib/src/engine/sessions.js';
import { collectGarbage } from '../garbage.js';

/** A program whose sessions hold 10 bytes each, or as many as told, and that writes down what happens. */
function record(
  pool: SessionPool = createSessionPool(30),
  {
    events = [] as string[],
    name = '',
    ...options
  }: Partial<SessionsOptions<string>> & {
    events?: string[];
    name?: string;
  } = {},
) {
  const sessions = pool.open<string>({
    start: async (batch) => {
      events.push(`start ${name}${batch}`);
      return `${name}${batch}`;
    },
    stop: async (session) => {
      events.push(`stop ${session}`);
    },
    sizeOf: () => 10,
    ...options,
  });
  return { events, use: (batch: number) => sessions.use(batch, (it) => events.push(`use ${it}`)), sessions };
}

describe('the sessions of an engine', () => {
  it('are started once for each batch size; the one that was not used for longest makes room', async () => {
    const { events, use } = record();
    for (const batch of [1, 2, 3, 1, 4, 2]) await use(batch);
    deepEqual(events, [
      ...['start 1', 'use 1', 'start 2', 'use 2', 'start 3', 'use 3', 'use 1'],
      ...['stop 2', 'start 4', 'use 4', 'stop 3', 'start 2', 'use 2'],
    ]);
  });

  it('share one limit, whichever program they are of', async () => {
    const pool = createSessionPool(30);
    const events: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => record(pool, { events, name }));
    for (const batch of [1, 2]) await a.use(batch);
    for (const batch of [1, 2]) await b.use(batch);
    await a.use(2);
    deepEqual(
      events.filter((event) => !event.startsWith('use')),
      ['start a1', 'start a2', 'start b1', 'stop a1', 'start b2'],
    );
    // What a disposed program held is free again.
    await b.sessions.dispose();
    await a.use(1);
    deepEqual(events.slice(-4), ['stop b1', 'stop b2', 'start a1', 'use a1']);
  });

  it('make as much room as is needed, and one may exceed the limit alone', async () => {
    const { events, use } = record(createSessionPool(30), { sizeOf: (batch = 0) => batch });
    for (const batch of [5, 10, 15, 24, 50, 5]) await use(batch);
    deepEqual(
      events.filter((event) => !event.startsWith('use')),
      [
        ...['start 5', 'start 10', 'start 15', 'stop 5', 'stop 10', 'stop 15', 'start 24'],
        ...['stop 24', 'start 50', 'stop 50', 'start 5'],
      ],
    );
  });

  it('that hold a state make no room', async () => {
    const pool = createSessionPool(20);
    const events: string[] = [];
    const training = record(pool, { events, name: 'training', keep: true });
    const other = record(pool, { events });
    await training.use(1);
    for (const batch of [1, 2, 3]) await other.use(batch);
    await training.use(1);
    deepEqual(
      events.filter((event) => event.includes('training')),
      ['start training1', 'use training1', 'use training1'],
    );
  });

  it('are not stopped while someone uses them', async () => {
    const { events, use, sessions } = record();
    let finish: () => void = () => undefined;
    const long = sessions.use(0, () => new Promise<void>((resolve) => (finish = resolve)));
    const others = [1, 2, 3].map(use);
    await Promise.all(others.slice(0, 2));
    deepEqual(
      events.filter((event) => event.startsWith('stop')),
      [],
    );
    finish();
    await Promise.all([long, ...others]);
    deepEqual(
      events.filter((event) => event.startsWith('stop')),
      ['stop 0'],
    );
  });

  it('do not keep what they gave', async () => {
    const { sessions } = record();
    const results: WeakRef<object>[] = [];
    for (let i = 0; i < 20; i++) {
      results.push(new WeakRef(await sessions.use(1, () => ({ data: new Float32Array(1000) }))));
    }
    // A weak reference holds its target until the present task ends.
    await setTimeout();
    collectGarbage();
    const kept = results.filter((result) => result.deref() !== undefined).length;
    ok(kept <= 1, `${kept} of ${results.length} results are kept`);
  });

  it('pass on why one does not start, hold nothing for it, and try again when asked again', async () => {
    const starts: string[] = [];
    const { events, use, sessions } = record(createSessionPool(30), {
      start: async (batch) => {
        starts.push(`${batch}`);
        if (starts.length === 1) throw new Error('no memory');
        return `${batch}`;
      },
    });
    await rejects(use(1), /no memory/);
    for (const batch of [1, 2, 3]) await use(batch);
    deepEqual(starts, ['1', '1', '2', '3']);
    await sessions.dispose();
    deepEqual(events.slice(-3), ['stop 1', 'stop 2', 'stop 3']);
  });

  it('are all stopped at the end, and none starts after it', async () => {
    const { events, use, sessions } = record();
    await use(1);
    await use(2);
    await sessions.dispose();
    deepEqual(events.slice(-2), ['stop 1', 'stop 2']);
    await rejects(use(1), /disposed/);
    await rejects(sessions.dispose(), /disposed/);
  });
});
