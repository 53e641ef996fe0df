/** Job files of a study: templates filled in, whatever its folder is called. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { type JobOptions, writeJobs } from '../../lib/src/study/parts/jobs.js';
import { refusesInput } from '../refuses.js';
import { withFolder } from './fixture.js';

const options = (folder: string): JobOptions => ({
  ...{ folder, shards: 8, cpus: 2, memory: 3000, time: '1:30:00', retries: 5 },
  program: ['echo', "it's landlens"],
  ...{ image: 'registry/landlens:1', claim: 'data', mount: '/study' },
});

describe('writeJobs', () => {
  it('for Slurm writes an array and a merge that a shell runs as they are meant', () =>
    withFolder(async (parent) => {
      const folder = join(parent, "a study, 100% 'quoted' $HOME");
      const [parts, merge] = await writeJobs('slurm', options(folder));
      const script = await readFile(parts, 'utf8');
      assert.match(script, /^#!\/bin\/bash\n/);
      for (const line of ['array=0-7', 'cpus-per-task=2', 'mem=3000M', 'time=1:30:00', 'requeue'])
        assert.ok(script.includes(`\n#SBATCH --${line}\n`), line);
      // Slurm puts numbers in place of %a, and one % in place of %%.
      assert.ok(script.includes(`#SBATCH --output="${folder.replace('%', '%%')}/logs/part-%a.log"`), script);
      const environment = { PATH: process.env.PATH, SLURM_CPUS_PER_TASK: '2' };
      const ran = (path: string) => spawnSync('bash', [path], { encoding: 'utf8', env: environment });
      assert.equal(ran(parts).stdout, `it's landlens study run ${folder} --threads 2 --wait 30\n`);
      assert.equal(ran(merge).stdout, `it's landlens study merge ${folder}\n`);
    }));

  it('for Kubernetes writes an Indexed Job, and one that merges', () =>
    withFolder(async (folder) => {
      const [path] = await writeJobs('kubernetes', options(folder));
      const text = await readFile(path, 'utf8');
      assert.match(text, /completionMode: Indexed\n {2}completions: 8\n {2}parallelism: 8\n/);
      const commands = [...text.matchAll(/command: (.*)\n/g)].map(([, words]) => JSON.parse(words));
      assert.deepEqual(commands, [
        ['echo', "it's landlens", 'study', 'run', folder, '--threads', '2', '--wait', '30'],
        ['echo', "it's landlens", 'study', 'merge', folder],
      ]);
      assert.doesNotMatch(text, /\{\{/);
    }));

  it('takes an administrator’s templates, and refuses what it cannot fill', () =>
    withFolder(async (folder) => {
      const templates = join(folder, 'templates');
      await mkdir(templates);
      await refusesInput(
        () => writeJobs('kubernetes', { ...options(folder), templates }),
        join(templates, 'kubernetes.yaml'),
        /the template does not exist.*Copy those of/,
      );
      await writeFile(join(templates, 'kubernetes.yaml'), 'parts: {{shards}} x {{cpus}}\n');
      const [path] = await writeJobs('kubernetes', { ...options(folder), templates });
      assert.equal(await readFile(path, 'utf8'), 'parts: 8 x 2\n');
      await writeFile(join(templates, 'kubernetes.yaml'), '{{queue}}');
      await refusesInput(
        () => writeJobs('kubernetes', { ...options(folder), templates }),
        templates,
        /a field that nothing fills.*\{\{queue\}\}/,
      );
      await refusesInput(
        () => writeJobs('slurm', options('/tmp/a "study"')),
        '/tmp',
        /job files cannot hold/,
      );
    }));
});
