import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { openRecords, type StudyRecord } from '../../lib/src/study/records.js';
import { withFolder } from './fixture.js';

const facts = { study: '4567', seed: 0, preset: 'quick', versions: { node: '20' }, model: '0123' };

function record(imageIndex: number, method: string): StudyRecord {
  return {
    image: `Küste ${imageIndex}`,
    imageIndex,
    target: { index: 1, name: 'Beaches, dunes, sands', score: 0.9, truePositive: true },
    method,
    parameters: { samples: 30, window: [15, 15], output: 'logit' },
    metrics: { maxSensitivity: 0.25, morf: [0.9, 0.5, 0.1], aucMorf: 1, fileSize: 2.5, seconds: 0.1 },
    localisation: { share: undefined, area: 0.5, ratio: undefined, hit: 0 },
    sampling: { relativeError: 0.125, evaluations: 300, reached: true },
    map: '89ab',
    ...facts,
    device: 'a processor, 2 threads',
  };
}

async function write(path: string, records: readonly StudyRecord[]): Promise<void> {
  const store = await openRecords(path, facts);
  for (const one of records) await store.append(one);
  await store.close();
}

describe('records', () => {
  it('come back as they were appended', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'deep', 'records.jsonl');
      await write(path, [record(3, 'lime'), record(3, 'saliency')]);
      const store = await openRecords(path, facts);
      await store.close();
      assert.deepEqual(
        JSON.parse(JSON.stringify(store.find(3, 'lime'))),
        JSON.parse(JSON.stringify(record(3, 'lime'))),
      );
      assert.equal(store.find(4, 'lime'), undefined);
      assert.equal(store.targetOf(3)?.name, 'Beaches, dunes, sands');
    }));

  it('survive a kill at any byte of the last two: the torn one is cut off, the rest stays', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'records.jsonl');
      const all = [record(0, 'lime'), record(1, 'lime'), record(2, 'lime')];
      await write(path, all);
      const whole = await readFile(path);
      const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([i]) => i + 1);
      for (let length = ends[0]; length < whole.length; length++) {
        await writeFile(path, whole.subarray(0, length));
        const kept = ends.filter((end) => end <= length).length;
        const store = await openRecords(path, facts);
        assert.deepEqual(
          all.map(({ imageIndex }) => store.find(imageIndex, 'lime') !== undefined),
          all.map((_, i) => i < kept),
        );
        // Appending takes a while, so that not every cut is filled again.
        const isRefilled = length % 25 === 0;
        for (const one of isRefilled ? all.slice(kept) : []) await store.append(one);
        await store.close();
        const expected = isRefilled ? whole : whole.subarray(0, ends[kept - 1]);
        assert.deepEqual(await readFile(path), expected, `cut at byte ${length}`);
      }
    }));

  it('name the line that is broken', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'records.jsonl');
      const good = JSON.stringify(record(0, 'lime'));
      const broken = {
        'not JSON': good.slice(0, 40),
        'an empty line': '',
        'a list': '[]',
        'a missing field': JSON.stringify({ ...record(0, 'lime'), device: undefined }),
        'not a number': good.replace('"aucMorf":1', '"aucMorf":null'),
        'an overflowing number': good.replace('"aucMorf":1', '"aucMorf":1e999'),
      };
      for (const [what, line] of Object.entries(broken)) {
        await writeFile(path, `${good}\n${line}\n${good}\n`);
        await assert.rejects(
          openRecords(path, facts),
          (thrown) => thrown instanceof InputError && /records\.jsonl line 2/.test(thrown.message),
          what,
        );
      }
    }));

  it('of another study are refused, with their line and what is other', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'records.jsonl');
      const others: Readonly<Record<string, Partial<StudyRecord>>> = {
        seed: { seed: 1 },
        preset: { preset: 'paper' },
        model: { model: '4567' },
        versions: { versions: { node: '22' } },
        study: { study: '0000' },
        'parameters of lime': { parameters: { samples: 31 } },
      };
      for (const [what, changes] of Object.entries(others)) {
        const lines = [record(0, 'lime'), { ...record(1, 'lime'), ...changes }];
        await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
        await assert.rejects(
          openRecords(path, facts),
          (thrown) =>
            thrown instanceof InputError &&
            thrown.message.includes(
              `records.jsonl line 2: a record of another study: its ${what} (expected `,
            ),
          what,
        );
      }
    }));

  it('refuse numbers that JSON cannot hold, before anything is written', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'records.jsonl');
      const store = await openRecords(path, facts);
      const bad = { ...record(0, 'lime'), metrics: { morf: [Number.NaN], aucMorf: 1 } };
      await assert.rejects(store.append(bad), /the next line of .*"metrics"/);
      await store.close();
      assert.equal((await readFile(path)).length, 0);
    }));
});
