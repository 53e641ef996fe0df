import assert from 'node:assert/strict';
import { basename, join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { safeFileName } from '../../lib/src/io/fileName.js';

describe('safeFileName', () => {
  it('keeps the names of patches', () => {
    for (const name of ['S2A_MSIL2A_20170613T101031_11_46', 'test-17', 'a.b']) {
      assert.equal(safeFileName(name), name);
    }
  });

  it('makes any name one harmless file name', () => {
    const check = (name: string): void => {
      const safe = safeFileName(name);
      assert.match(safe, /^[A-Za-z0-9][A-Za-z0-9._-]*$/);
      assert.doesNotMatch(safe, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
      assert.doesNotMatch(safe, /\.$/);
      assert.ok(safe.length <= 80);
      assert.equal(basename(safe), safe);
      assert.equal(resolve('root', safe), join(resolve('root'), safe));
    };
    for (const name of [
      '../../x',
      'con',
      'CON.png',
      'nul',
      'a/b\\c',
      '',
      '.',
      '..',
      '...',
      '-rf',
      'x\0y',
      'é',
    ])
      check(name);
    check('x'.repeat(5000));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), check));
  });

  it('keeps different names different', () => {
    const names = [
      'a/b',
      'a_b',
      'a\\b',
      'a b',
      '../a_b',
      `${'x'.repeat(100)}1`,
      `${'x'.repeat(100)}2`,
      '',
      '.',
    ];
    assert.equal(new Set(names.map(safeFileName)).size, names.length);
  });
});
