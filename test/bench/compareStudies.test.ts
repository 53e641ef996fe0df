/** How two recordings of one study are compared: figures worked out by hand. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { studyId } from '../../lib/src/study/manifest.js';
import { repositoryRoot } from '../../tools/repositoryRoot.js';

const script = join(repositoryRoot, 'bench', 'compareStudies.ts');
const folders: string[] = [];

function study(records: readonly (readonly [method: string, image: number, aucMorf: number])[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'landlens-studies-'));
  folders.push(folder);
  const shared = { preset: 'quick', seed: 0, versions: { landlens: '0.0.0' } };
  const manifest = {
    ...{ format: 'landlens study 2' as const, dataset: { name: 'tiny', rendered: true, testImages: 9 } },
    ...{ model: { name: 'Tiny', hash: '0123', description: '4567' }, ...shared },
    ...{ measurement: {}, methods: {} },
  };
  writeFileSync(join(folder, 'study.json'), JSON.stringify(manifest));
  const target = { index: 0, name: 'Sand', score: 0.9, truePositive: true };
  const lines = records.map(([method, imageIndex, aucMorf]) =>
    JSON.stringify({
      ...{ study: studyId(manifest), image: `tiny ${imageIndex}`, imageIndex, target, method },
      ...{ parameters: {}, model: '0123', device: 'abacus', ...shared },
      metrics: { aucMorf, maxSensitivity: 1, fileSize: 2, seconds: 3, morf: [0.9] },
    }),
  );
  writeFileSync(join(folder, 'records.jsonl'), `${lines.join('\n')}\n`);
  return folder;
}

const compare = (one: string, other: string) =>
  spawnSync(process.execPath, ['--import', './test/typescript.mjs', script, one, other], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  });

describe('comparison of two studies', () => {
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it('pairs images, and says how sure a difference is', () => {
    const one = study([
      ['saliency', 1, 10],
      ['saliency', 2, 20],
      ['lime', 1, 5],
      ['grad-cam', 1, 7],
    ]);
    const other = study([
      ['saliency', 1, 11],
      ['saliency', 2, 23],
      ['saliency', 3, 99],
      ['lime', 1, 4],
      ['grad-cam', 1, 9],
    ]);
    const { stdout, status } = compare(one, other);
    assert.equal(status, 0);
    // Differences 1 and 3: mean 2, deviation √2, t of one degree of freedom 12.706, half width 12.706 √2 / √2.
    assert.match(stdout, /\| saliency \| 15\.00 \| 17\.00 \| 2\.00 \(-10\.71 to 14\.71\) \| 3\.00 \| 2 \|/);
    assert.match(stdout, /\| lime \| 5\.00 \| 4\.00 \| -1\.00 \| 1\.00 \| 1 \|/);
    assert.match(stdout, /Spearman's rank correlation of the means: 1\.00/);
  });

  it('names what is no record', () => {
    const folder = study([['saliency', 1, 10]]);
    writeFileSync(join(folder, 'records.jsonl'), '{"method":"saliency"}\n');
    const { stderr, status } = compare(folder, folder);
    assert.equal(status, 1);
    assert.match(stderr, /records\.jsonl line 1: not a record of the study/);
  });
});
