/** Reading ahead: in order, bounded, and without a rejection that nobody hears. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { readAhead } from '../../lib/src/dataset/readAhead.js';

describe('readAhead', () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  before(() => process.on('unhandledRejection', note));
  after(async () => {
    await sleep(20);
    process.off('unhandledRejection', note);
    assert.deepEqual(rejections, []);
  });

  /** Reads that take the longer the earlier they are, counted. */
  function slowReads({ fails = -1 } = {}) {
    const seen = { started: [] as number[], running: 0, most: 0 };
    const read = async (index: number): Promise<string> => {
      seen.started.push(index);
      seen.running++;
      seen.most = Math.max(seen.most, seen.running);
      await sleep(12 - (index % 4) * 3);
      seen.running--;
      if (index === fails) throw new Error(`read ${index} failed`);
      return `patch ${index}`;
    };
    return { seen, read };
  }

  it('keeps the order and the stated number of reads under way', async () => {
    const indices = [5, 3, 9, 0, 1, 2, 7];
    for (const ahead of [1, 2, 3, 20]) {
      const { seen, read } = slowReads();
      const results: string[] = [];
      for await (const result of readAhead(read, indices, { ahead })) results.push(result);
      assert.deepEqual(
        results,
        indices.map((index) => `patch ${index}`),
      );
      assert.deepEqual(seen.started, indices);
      assert.equal(seen.most, Math.min(ahead, indices.length));
    }
  });

  it('reads while the consumer works', async () => {
    const { seen, read } = slowReads();
    for await (const result of readAhead(read, [0, 1, 2, 3], { ahead: 2 })) {
      if (result === 'patch 0') assert.deepEqual(seen.started, [0, 1, 2]);
    }
  });

  it('throws a failure at its place, after the results before it, and starts nothing more', async () => {
    const { seen, read } = slowReads({ fails: 3 });
    const results: string[] = [];
    const consume = async () => {
      for await (const result of readAhead(read, [0, 1, 2, 3, 4, 5, 6, 7, 8], { ahead: 3 }))
        results.push(result);
    };
    await assert.rejects(consume, /read 3 failed/);
    assert.deepEqual(results, ['patch 0', 'patch 1', 'patch 2']);
    assert.deepEqual(seen.started, [0, 1, 2, 3, 4, 5]);
    assert.equal(seen.running, 0, 'nothing goes on in the background');
  });

  it('takes a read that throws at once, and failures that nobody comes to', async () => {
    const read = (index: number): Promise<number> => {
      if (index > 0) throw new Error('at once');
      return Promise.resolve(index);
    };
    for await (const result of readAhead(read, [0, 1, 2], { ahead: 3 })) {
      assert.equal(result, 0);
      break;
    }
    await assert.rejects(readAhead(read, [1]).next(), /at once/);
  });

  it('stops reading when the consumer stops, and closes the source of indices', async () => {
    const { seen, read } = slowReads();
    let closed = false;
    function* endless() {
      try {
        for (let index = 0; ; index++) yield index;
      } finally {
        closed = true;
      }
    }
    for await (const result of readAhead(read, endless(), { ahead: 2 })) if (result === 'patch 2') break;
    assert.deepEqual(seen.started, [0, 1, 2, 3, 4]);
    assert.equal(seen.running, 0);
    assert.ok(closed);
  });

  it('gives nothing for no indices and refuses a wrong number', async () => {
    const { seen, read } = slowReads();
    assert.deepEqual(await readAhead(read, []).next(), { done: true, value: undefined });
    for (const ahead of [0, 1.5, Number.NaN]) {
      await assert.rejects(readAhead(read, [0], { ahead }).next(), { name: 'InputError', message: /ahead/ });
    }
    assert.deepEqual(seen.started, []);
  });
});
