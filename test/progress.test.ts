/** Long loops: who hears of their steps, and how they end when interrupted. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { createListener } from '../lib/src/notebook/progress.js';
import { listenToProgress, piecesOf, type Report, withProgress } from '../lib/src/progress.js';

/** Reports of the calls, and the ends of the calls as undefined. */
function listen(signal: () => AbortSignal) {
  const heard: (Report | undefined)[] = [];
  listenToProgress({
    signal,
    begin: () => ({ step: (report) => heard.push(report), end: () => heard.push(undefined) }),
  });
  return heard;
}

const shares = (heard: readonly (Report | undefined)[]) => heard.map((report) => report?.share);

describe('loops with progress', () => {
  afterEach(() => listenToProgress(undefined));

  it('give their items where nobody listens', () => {
    assert.deepEqual([...withProgress('numbers', [3, 1, 2])], [3, 1, 2]);
    assert.deepEqual(piecesOf(7, 3), [0, 3, 6]);
    assert.deepEqual(piecesOf(0, 3), []);
  });

  it('report each step, those of inner loops as parts of the outer ones', () => {
    const { signal } = new AbortController();
    const heard = listen(() => signal);
    for (const _ of withProgress('methods', ['a', 'b'])) for (const __ of withProgress('batches', [1, 2]));
    assert.deepEqual(shares(heard), [0.25, 0.5, 0.5, 0.75, 1, 1, undefined]);
    assert.deepEqual(heard[0], { share: 0.25, done: 0, steps: 2, unit: 'methods' });
  });

  it('name the outermost loop of more than one step', () => {
    const { signal } = new AbortController();
    const heard = listen(() => signal);
    for (const _ of withProgress('images', ['one'])) for (const __ of withProgress('batches', [1, 2, 3, 4]));
    assert.deepEqual(heard[0], { share: 0.25, done: 1, steps: 4, unit: 'batches' });
  });

  it('end where they fail, and the next one starts anew', () => {
    const { signal } = new AbortController();
    const heard = listen(() => signal);
    assert.throws(() => {
      for (const item of withProgress('items', [1, 2])) if (item === 2) throw new Error('failed');
    }, /failed/);
    for (const _ of withProgress('items', [1]));
    assert.deepEqual(shares(heard), [0.5, undefined, 1, undefined]);
  });

  it('throw at the step after an interruption, inner and outer ones, and refuse to begin', () => {
    const controller = new AbortController();
    listen(() => controller.signal);
    const seen: number[] = [];
    const loop = (): void => {
      for (const outer of withProgress('items', [1, 2])) {
        for (const inner of withProgress('items', [10, 20])) {
          seen.push(outer * inner);
          if (inner === 20) controller.abort(new Error('interrupted'));
        }
      }
    };
    assert.throws(loop, /interrupted/);
    assert.deepEqual(seen, [10, 20]);
    assert.throws(loop, /interrupted/);
    assert.deepEqual(seen, [10, 20], 'not begun');
  });

  it('are not stopped by what an earlier cell has left behind', () => {
    const [first, second] = [new AbortController(), new AbortController()];
    let current = first;
    const heard = listen(() => current.signal);
    const left = withProgress('items', [1, 2, 3]);
    left.next();
    first.abort(new Error('interrupted'));
    current = second;
    assert.deepEqual([...withProgress('items', [1])], [1]);
    assert.deepEqual(shares(heard), [undefined, 1, undefined]);
    assert.throws(() => left.next(), /interrupted/);
  });
});

describe('progress below a cell', () => {
  afterEach(() => listenToProgress(undefined));

  it('appears after two seconds with the time that is left, and vanishes', () => {
    let time = 0;
    const written: string[] = [];
    const { signal } = new AbortController();
    listenToProgress(
      createListener({
        now: () => time,
        line: () => ({ write: (text) => written.push(text) }),
        signal: () => signal,
      }),
    );
    for (const _ of withProgress('batches', [1, 2, 3, 4, 5, 6, 7, 8])) time += 900;
    assert.deepEqual(written, [
      `${'█'.repeat(9).padEnd(24, '░')} 3 of 8 batches, about 5 s left`,
      `${'█'.repeat(12).padEnd(24, '░')} 4 of 8 batches, about 4 s left`,
      `${'█'.repeat(15).padEnd(24, '░')} 5 of 8 batches, about 3 s left`,
      `${'█'.repeat(18).padEnd(24, '░')} 6 of 8 batches, about 2 s left`,
      `${'█'.repeat(21).padEnd(24, '░')} 7 of 8 batches, about 1 s left`,
      '',
    ]);
  });

  it('says nothing of a call that is over sooner', () => {
    const written: string[] = [];
    const { signal } = new AbortController();
    listenToProgress(
      createListener({
        now: () => 0,
        line: () => ({ write: (text) => written.push(text) }),
        signal: () => signal,
      }),
    );
    for (const _ of withProgress('batches', [1, 2, 3]));
    assert.deepEqual(written.join(''), '');
  });
});
