/** Studies that are read as they were recorded. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { studyId } from '../../lib/src/study/manifest.js';
import { readRecorded } from '../../lib/src/study/recorded.js';
import { runStudy } from '../../lib/src/study/run.js';
import { tinyMethods, tinyStudy, withFolder } from './fixture.js';

/** Records as another version would have written them, and no maps: as a study is passed on. */
async function passOn(folder: string): Promise<void> {
  const manifestPath = join(folder, 'study.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8'));
  const versions = { landlens: '0.0.1', node: '18.0.0', engine: 'another' };
  const other = { ...manifest, versions };
  const recordsPath = join(folder, 'records.jsonl');
  const lines = (await readFile(recordsPath, 'utf8')).trim().split('\n');
  const records = lines.map((line) =>
    JSON.stringify({ ...JSON.parse(line), versions, study: studyId(other) }),
  );
  await writeFile(manifestPath, JSON.stringify(other));
  await writeFile(recordsPath, `${records.join('\n')}\n`);
  for (const name of ['maps', 'sheets']) await rm(join(folder, name), { recursive: true });
}

describe('readRecorded', () => {
  it('reads what another version recorded, and writes nothing', () =>
    withFolder(async (folder) => {
      const { records } = await runStudy(tinyStudy(folder));
      await passOn(folder);
      await assert.rejects(runStudy(tinyStudy(folder)), /the folder holds another study: versions/);
      const before = await readdir(folder);
      const read = await readRecorded(tinyStudy(folder));
      assert.deepEqual(
        read?.records.map(({ image, method, metrics }) => ({ image, method, metrics })),
        records.map(({ image, method, metrics }) => ({ image, method, metrics })),
      );
      assert.deepEqual(await readdir(folder), before);
    }));

  it('takes fewer images and methods in their order', () =>
    withFolder(async (folder) => {
      const { records } = await runStudy(tinyStudy(folder));
      const fewer = { ...tinyStudy(folder), images: 1, methods: [tinyMethods[1]] };
      assert.deepEqual(
        (await readRecorded(fewer))?.records,
        records.slice(0, 4).filter(({ method }) => ['random', tinyMethods[1].id].includes(method)),
      );
    }));

  it('knows nothing of another study, of more images or of none', () =>
    withFolder(async (folder) => {
      const study = tinyStudy(folder);
      assert.equal(await readRecorded(study), undefined);
      await runStudy(study);
      for (const other of [
        { ...study, seed: study.seed + 1 },
        { ...study, preset: 'paper' as const },
        { ...study, images: study.images + 1 },
        { ...study, classifier: { ...study.classifier, hash: 'fedcba9876543210' } },
        { ...study, methods: [...tinyMethods, { ...tinyMethods[0], id: 'new' }] },
        // Saliency with the parameters of LIME.
        { ...study, methods: [{ ...tinyMethods[0], explain: tinyMethods[2].explain }] },
      ]) {
        assert.equal(await readRecorded(other), undefined);
      }
      // Killed before the first record.
      await writeFile(join(folder, 'records.jsonl'), '');
      assert.equal(await readRecorded(study), undefined);
      await rm(join(folder, 'records.jsonl'));
      assert.equal(await readRecorded(study), undefined);
    }));

  it('refuses records that are not of its study, and names the line', () =>
    withFolder(async (folder) => {
      await runStudy(tinyStudy(folder));
      const path = join(folder, 'records.jsonl');
      const lines = (await readFile(path, 'utf8')).split('\n');
      await writeFile(path, [lines[0], lines[1].replace('"seed":', '"sed":'), ...lines.slice(2)].join('\n'));
      await assert.rejects(readRecorded(tinyStudy(folder)), (thrown) => {
        assert.ok(thrown instanceof InputError);
        assert.match(thrown.message, /records\.jsonl line 2/);
        return true;
      });
      await writeFile(join(folder, 'study.json'), '{');
      await assert.rejects(readRecorded(tinyStudy(folder)), /study\.json: is not JSON/);
    }));
});
