import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createProgress, duration, type ProgressOptions } from '../../lib/src/io/progress.js';

function record(isTTY: boolean, steps: readonly string[], options: Pick<ProgressOptions, 'cost'> = {}) {
  const written: string[] = [];
  const clock = { time: 0 };
  const stream = {
    isTTY,
    write: (text: string) => written.push(text),
  };
  return { written, clock, progress: createProgress(steps, { stream, now: () => clock.time, ...options }) };
}

describe('createProgress', () => {
  it('estimates the time left from what each kind of step took', () => {
    const { written, clock, progress } = record(true, ['slow', 'fast', 'slow', 'fast']);
    progress.start('slow', 'LIME');
    assert.doesNotMatch(written.at(-1) ?? '', /left/);
    clock.time += 50_000;
    progress.done();
    progress.start('fast', 'Saliency');
    clock.time += 2000;
    progress.done();
    // One slow and one fast step remain.
    assert.match(written.at(-1) ?? '', /2\/4 .*about 52 s left/);
  });

  it('knows from the first step on which kinds are dear, and follows what they take once they are timed', () => {
    const costs: Readonly<Record<string, number>> = { gradient: 3, lime: 300 };
    const { written, clock, progress } = record(true, ['gradient', 'lime', 'gradient', 'lime'], {
      cost: (kind) => costs[kind],
    });
    progress.start('gradient', 'Saliency');
    clock.time += 1000;
    progress.done();
    // 1 s for 3 passes, 603 passes to come.
    assert.match(written.at(-1) ?? '', /1\/4 .*about 3 min left/);
    assert.doesNotMatch(written.at(-1) ?? '', /█/);
    progress.start('lime', 'LIME');
    clock.time += 30_000;
    progress.done();
    assert.match(written.at(-1) ?? '', /2\/4 .*about 31 s left/);
    assert.equal(written.at(-1)?.match(/█/g)?.length, 12);
  });

  it('keeps to one line on a terminal and clears what a longer text left', () => {
    const { written, progress } = record(true, ['a', 'a']);
    progress.start('a', 'a long label');
    progress.start('a', 'b');
    progress.finish();
    assert.ok(written.slice(0, -1).every((text) => text.startsWith('\r') && !text.includes('\n')));
    assert.equal(written[1].length, written[0].length);
    assert.equal(written.at(-1), '\n');
  });

  for (const columns of [20, 10, 2, 1]) {
    it(`stays within a terminal of ${columns} columns, whatever the label`, () => {
      const written: string[] = [];
      const stream = { isTTY: true, columns, write: (text: string) => written.push(text) };
      const progress = createProgress(['a', 'a', 'a'], { stream });
      for (const label of ['Integrated Gradients, scenes-0-test-8', '水域\n\u001b[2J\u202e', 'LIME']) {
        progress.start('a', label);
        progress.done();
      }
      const drawn = written.map((text) => text.replace(/^\r/, ''));
      // A wide character takes two columns, and the last column stays free.
      assert.ok(
        drawn.every((text) => text.replace(/[\u2e80-\uffef]/g, 'xx').length < columns),
        drawn.join('|'),
      );
      assert.ok(written.every((text) => /^\r\P{Cc}*$/u.test(text) && !text.includes('\u202e')));
      if (columns === 20)
        assert.ok(
          drawn.some((text) => text.startsWith('3/3  LIME')),
          drawn.join('|'),
        );
      progress.finish();
    });
  }

  it('follows a terminal that is made narrower', () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
    const progress = createProgress(['a'], { stream });
    progress.start('a', 'a label of thirty characters..');
    stream.columns = 12;
    progress.done();
    assert.ok((written.at(-1) ?? '').length <= 12);
  });

  it('writes a plain line every ten seconds elsewhere', () => {
    const steps = Array.from({ length: 60 }, () => 'a');
    const { written, clock, progress } = record(false, steps);
    for (const kind of steps) {
      progress.start(kind, 'label');
      clock.time += 1000;
      progress.done();
    }
    progress.finish();
    assert.equal(written.length, 7);
    assert.ok(written.every((text) => text.endsWith('\n') && !text.includes('\r')));
    assert.match(written.at(-1) ?? '', /60\/60/);
  });
});

describe('duration', () => {
  it('is short and readable', () => {
    assert.deepEqual([400, 59_400, 59_900, 90_000, 3_599_900, 11_100_000].map(duration), [
      '0 s',
      '59 s',
      '1 min',
      '2 min',
      '1 h 00 min',
      '3 h 05 min',
    ]);
  });
});
