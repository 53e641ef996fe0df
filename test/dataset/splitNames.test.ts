/** Names by split: every name is found where it is, and nothing else is. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assignSplits, splitNames } from '../../lib/src/dataset/splitNames.js';
import { InputError } from '../../lib/src/error.js';

describe('splitNames', () => {
  const names = { train: ['B', 'a', 'é', '𝒳', 'ﬀ'].sort(), validation: [], test: ['0', '10', '2'] };

  it('finds every name, and no other', () => {
    const { find, nameOf, count, total } = splitNames(names, 'here');
    for (const split of ['train', 'test'] as const) {
      for (const [index, name] of names[split].entries()) {
        assert.deepEqual(find(name), { split, index });
        assert.equal(nameOf(split, index), name);
      }
    }
    for (const other of ['', 'A', 'b', '1', '3', '~', '￿']) assert.equal(find(other), undefined, other);
    assert.deepEqual([count('train'), count('validation'), total], [5, 0, 8]);
  });

  it('refuses what is not there', () => {
    const { nameOf, count } = splitNames(names, 'here');
    for (const index of [-1, 3, 0.5, Number.NaN])
      assert.throws(() => nameOf('test', index), { name: 'InputError', message: /here: no such patch/ });
    assert.throws(() => nameOf('validation', 0), { message: /a split with patches/ });
    const wrong: 'test' = JSON.parse('"val"');
    assert.throws(() => count(wrong), { name: 'InputError', message: /unknown split.*got "val"/ });
  });
});

describe('assignSplits', () => {
  const list = (path: string, ...listed: string[]) => ({ path, names: new Set(listed) });

  it('puts all in test without lists, and leaves out what no list holds', () => {
    assert.deepEqual(assignSplits(['a', 'b'], {}).test, ['a', 'b']);
    assert.deepEqual(assignSplits(['a', 'b', 'c'], { train: list('t', 'c', 'x'), test: list('e', 'a') }), {
      train: ['c'],
      validation: [],
      test: ['a'],
    });
  });

  it('refuses a name in two lists', () => {
    assert.throws(
      () => assignSplits(['a'], { train: list('t.csv', 'a'), validation: list('v.csv', 'a') }),
      (thrown) => thrown instanceof InputError && /t\.csv and v\.csv.*more than one/.test(thrown.message),
    );
  });
});
