/** Mosaics of chips: exact masks, honest labels, planted rates, and the same image every time. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type MosaicsOptions, mosaics } from '../../lib/src/dataset/mosaics.js';
import type { Patch } from '../../lib/src/dataset/patch.js';
import { chips, chipClasses as classes, chipSide as side } from '../chips.js';

const counts = { train: 400, validation: 10, test: 2000 };
const open = (options: MosaicsOptions = {}) =>
  mosaics(chips(), { counts, planted: { label: 'River', beside: 'Pasture', rate: 0.79 }, ...options });

/** The code at the middle of each place, row by row. */
const codesOf = ({ image }: Patch): number[] =>
  [0, 1, 2, 3].map((place) => {
    const [top, left] = [Math.floor(place / 2) * side + 1, (place % 2) * side + 1];
    return image.data[top * 2 * side + left];
  });

const labelOf = (code: number): number => Math.floor((code % 1000) / 100);

describe('mosaics', () => {
  it('lay four chips of the split side by side, with masks of whole chips', async () => {
    const data = await open();
    assert.deepEqual([data.size, data.count('train'), data.bands], [2 * side, 400, ['B04', 'B02']]);
    for (let index = 0; index < 50; index++) {
      const patch = await data.read('validation', index % 10);
      const { image, masks = new Uint8Array(), labels } = patch;
      assert.deepEqual(image.shape, [2, 2 * side, 2 * side]);
      const area = 4 * side * side;
      for (let pixel = 0; pixel < area; pixel++) {
        const code = image.data[pixel];
        assert.equal(Math.floor(code / 1000), 1);
        assert.equal(image.data[area + pixel], -code);
        for (const label of classes.keys())
          assert.equal(masks[label * area + pixel], label === labelOf(code) ? 1 : 0);
      }
      const codes = codesOf(patch);
      assert.equal(new Set(codes).size, 4, 'no chip twice');
      assert.deepEqual([...new Set(codes.map(labelOf))].sort(), labels);
      assert.deepEqual(await data.readLabels?.('validation', index % 10), labels);
    }
  });

  it('are drawn from a seed by their index', async () => {
    const [a, b, other] = [await open(), await open(), await open({ seed: 1 })];
    const [first, again] = [await a.read('test', 7), await b.read('test', 7)];
    assert.deepEqual(first, again);
    assert.notDeepEqual(codesOf(await other.read('test', 7)), codesOf(first));
    assert.notDeepEqual(codesOf(await a.read('test', 8)), codesOf(first));
    assert.equal(first.name, 'mosaic-0-test-7');
    assert.deepEqual(a.find('mosaic-0-test-7'), { split: 'test', index: 7 });
    for (const name of ['mosaic-0-test-2000', 'mosaic-1-test-7', 'mosaic-0-test-07']) {
      assert.equal(a.find(name), undefined, name);
    }
    await assert.rejects(a.read('test', 2000), { name: 'InputError', message: /no such patch/ });
  });

  it('have two, three or four classes, each number as often', async () => {
    const data = await open({ planted: 'nothing' });
    const found = [0, 0, 0, 0, 0];
    for (let i = 0; i < 600; i++) found[((await data.readLabels?.('test', i)) ?? []).length]++;
    for (const number of [2, 3, 4]) {
      assert.ok(Math.abs(found[number] - 200) <= 3.5 * Math.sqrt(600 * (1 / 3) * (2 / 3)), `${found}`);
    }
    assert.equal(found[0] + found[1], 0);
  });

  it('plant a class beside another at the rate asked for, and leave every other image alone', async () => {
    const [planted, always, never] = [
      await open(),
      await open({ planted: { label: 'River', beside: 'Pasture', rate: 1 } }),
      await open({ planted: { label: 'River', beside: 'Pasture', rate: 0 } }),
    ];
    const [pasture, river] = [0, 1];
    let [rivers, both] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      const labels = (await planted.readLabels?.('test', i)) ?? [];
      const [with1, with0] = [await always.read('test', i), await never.read('test', i)];
      if (!labels.includes(river)) {
        assert.deepEqual(with1, with0);
        continue;
      }
      rivers++;
      if (labels.includes(pasture)) both++;
      assert.ok(with1.labels.includes(pasture) && !with0.labels.includes(pasture));
      const found = (await planted.read('test', i)).labels;
      assert.deepEqual(found, labels.includes(pasture) ? with1.labels : with0.labels);
      // Where they differ, one has a pasture.
      const [a, b] = [codesOf(with1), codesOf(with0)];
      for (const [place, code] of a.entries()) if (code !== b[place]) assert.equal(labelOf(code), pasture);
    }
    const bound = 3.5 * Math.sqrt(rivers * 0.79 * 0.21);
    assert.ok(rivers > 500 && Math.abs(both - 0.79 * rivers) <= bound, `${both} of ${rivers}`);
  });

  it('may have one class, whose seams tell nothing', async () => {
    const data = await open({ classes: 'one' });
    for (let i = 0; i < 30; i++) {
      const patch = await data.read('test', i);
      assert.equal(patch.labels.length, 1);
      assert.equal(new Set(codesOf(patch)).size, 4);
    }
  });

  it('refuse chips of several labels, too few of a class, and pairs that cannot be', async () => {
    const refused = (message: RegExp) => ({ name: 'InputError', message });
    await assert.rejects(
      mosaics(chips({ readLabels: async () => [0, 1] }), { planted: 'nothing' }),
      refused(/one label.*got 2 labels/),
    );
    const few = await mosaics(chips({ readLabels: async (_, index) => [index === 0 ? 1 : 0] }), {
      ...{ planted: 'nothing', classes: 'one', counts },
    });
    await assert.rejects(
      (async () => {
        for (let i = 0; i < 50; i++) await few.read('test', i);
      })(),
      refused(/too few chips of/),
    );
    for (const planted of [
      { label: 'Lava', beside: 'Pasture', rate: 0.5 },
      { label: 'River', beside: 'River', rate: 0.5 },
      { label: 'River', beside: 'Pasture', rate: 1.5 },
    ]) {
      await assert.rejects(open({ planted }), refused(/^mosaics, planted: /));
    }
    await assert.rejects(open({ seed: -1 }), refused(/mosaics, seed/));
    await assert.rejects(open({ counts: { ...counts, test: -1 } }), refused(/counts\.test/));
  });
});
