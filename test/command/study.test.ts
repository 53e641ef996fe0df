import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';

const entry = fileURLToPath(new URL('../../lib/bin/landlens.js', import.meta.url));

/** Index variables of a scheduler that these tests may themselves run under are left out. */
const scheduler = [
  'SLURM_ARRAY_TASK_ID',
  'JOB_COMPLETION_INDEX',
  'AWS_BATCH_JOB_ARRAY_INDEX',
  'PBS_ARRAY_INDEX',
];

function study(argv: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const bare = Object.fromEntries(Object.entries(process.env).filter(([name]) => !scheduler.includes(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'study', ...argv], {
    encoding: 'utf8',
    timeout: 280_000,
    env: { ...bare, NODE_OPTIONS: '', ...variables },
  });
  return { status, stdout, stderr: stderr.trim() };
}

describe('study', function () {
  this.timeout(300_000);
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-study-command-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('is planned, run in parts by a scheduler’s index, and merged into what reproduce leaves', async () => {
    const asked = ['--images', '2', '--methods', 'grad-cam'];
    const planned = study(['plan', ...asked, '--shards', '2', '--out', folder]);
    assert.equal(planned.status, 0, planned.stderr);
    assert.match(planned.stdout, /2 images, 1 method, 2 parts.*landlens study run .* --shard/s);
    assert.match(
      study(['status', folder]).stdout,
      /^parts 0 to 1: not begun\n0 of 2 parts done, 0 of 4 records$/m,
    );

    const whichPart = study(['run', folder]);
    assert.deepEqual([whichPart.status, whichPart.stdout], [1, '']);
    assert.match(whichPart.stderr, /^--shard: which part is not said/);
    const wrong: [readonly string[], Readonly<Record<string, string>>, RegExp][] = [
      [['--shard', '2'], {}, /^--shard: there is no such part \(expected 0 to 1, got 2\)/],
      [['--shard', '0/3'], {}, /^--shard: .*another number of parts \(expected 2, got 3\)/],
      [[], { SLURM_ARRAY_TASK_ID: '7' }, /^SLURM_ARRAY_TASK_ID: there is no such part/],
      [[], { SLURM_ARRAY_TASK_ID: '0', PBS_ARRAY_INDEX: '1' }, /schedulers say different things/],
    ];
    for (const [argv, variables, message] of wrong) {
      const { status, stdout, stderr } = study(['run', folder, ...argv], variables);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, message);
    }
    const first = study(['run', folder], { JOB_COMPLETION_INDEX: '1' });
    assert.match(first.stdout, /^Part 1 of 2: 2 records\.$/m);
    const early = study(['merge', folder]);
    assert.equal(early.status, 1);
    assert.match(early.stderr, /2 records of 1 part are missing.*study run .* --shard 0/s);
    assert.equal(study(['run', folder, '--shard', '0/2']).status, 0);
    const merged = study(['merge', folder]);
    assert.equal(merged.status, 0, merged.stderr);
    assert.match(merged.stdout, /Grad-CAM .*records\.parquet/s);

    const question = [
      'query',
      folder,
      'select method, count(*) as images from records group by method order by method',
    ];
    assert.match(study(question).stdout, /^method +images\n─+\ngrad-cam +2\nrandom +2\n$/);
    assert.equal(study([...question, '--csv']).stdout, 'method,images\ngrad-cam,2\nrandom,2\n');
    assert.match(
      study(['query', folder, 'select nothing from records']).stderr,
      /^query: refused: .*"nothing" not found/,
    );

    // The folder is that of a study like any other: nothing is left to do, and the tables stay what they are.
    const table = await readFile(join(folder, 'table3.csv'), 'utf8');
    const again = spawnSync(process.execPath, [entry, 'reproduce', ...asked, '--out', folder], {
      encoding: 'utf8',
      timeout: 280_000,
    });
    assert.equal(again.status, 0, again.stderr);
    assert.equal(await readFile(join(folder, 'table3.csv'), 'utf8'), table);
  });

  it('says what its steps are', () => {
    assert.match(study([]).stdout, /study plan.*study run.*study status.*study merge/s);
    assert.match(study(['dance']).stderr, /^landlens study: no such step/);
    assert.match(study(['run', '--help']).stdout, /SLURM_ARRAY_TASK_ID/);
    assert.match(study(['status', join(folder, 'none')]).stderr, /the plan of a study does not exist/);
  });
});
