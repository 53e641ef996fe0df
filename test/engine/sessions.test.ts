import { deepEqual, ok, rejects } from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { createSessions } from '../../lib/src/engine/sessions.js';
import { collectGarbage } from '../garbage.js';

function record() {
  const events: string[] = [];
  const sessions = createSessions(
    async (batch) => {
      events.push(`start ${batch}`);
      return batch;
    },
    async (batch) => {
      events.push(`stop ${batch}`);
    },
  );
  return { events, use: (batch: number) => sessions.use(batch, () => events.push(`use ${batch}`)), sessions };
}

describe('the sessions of a program', () => {
  it('are started once for each batch size; the one that was not used for longest makes room', async () => {
    const { events, use } = record();
    for (const batch of [1, 2, 3, 1, 4, 2]) await use(batch);
    deepEqual(events, [
      ...['start 1', 'use 1', 'start 2', 'use 2', 'start 3', 'use 3', 'use 1'],
      ...['start 4', 'use 4', 'stop 2', 'start 2', 'use 2', 'stop 3'],
    ]);
  });

  it('are not stopped while someone uses them', async () => {
    const { events, use, sessions } = record();
    let finish: () => void = () => undefined;
    const long = sessions.use(0, () => new Promise<void>((resolve) => (finish = resolve)));
    const others = [1, 2, 3].map(use);
    await Promise.all(others.slice(0, 2));
    finish();
    await Promise.all([long, ...others]);
    deepEqual(events.indexOf('stop 0') > events.indexOf('start 3'), true);
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

  it('pass on why one does not start', async () => {
    const sessions = createSessions(
      () => Promise.reject(new Error('no memory')),
      async () => undefined,
    );
    await rejects(
      sessions.use(1, () => 'used'),
      /no memory/,
    );
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
