/** A process of the tests of killed studies: `node … partChild.ts <step> <folder> <images> <shards> [shard]`. */
import { runCommand } from '../../lib/src/command/commandLine.js';
import { writeJobs } from '../../lib/src/study/parts/jobs.js';
import { mergeParts } from '../../lib/src/study/parts/merge.js';
import { runPart } from '../../lib/src/study/parts/part.js';
import { planStudy, readPlan } from '../../lib/src/study/parts/plan.js';
import { quiet, tinyStudy } from './fixture.js';

const [, , step, folder, ...numbers] = process.argv;
const [images, shards, shard] = numbers.map(Number);

const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  plan: () =>
    planStudy(tinyStudy(folder, { images }), {
      ...{ dataset: 'tiny', model: 'tiny', engine: 'arithmetic', shards, createProgress: quiet },
    }),
  run: async () => runPart(await readPlan(folder), shard, tinyStudy(folder), { createProgress: quiet }),
  merge: async () => mergeParts(await readPlan(folder)),
  submit: () =>
    writeJobs('slurm', {
      ...{ folder, shards, cpus: 1, memory: 1000, time: '1:00:00', retries: 5, program: ['landlens'] },
      ...{ image: '', claim: '', mount: '' },
    }),
};

await runCommand(async () => {
  process.stdout.write('begun\n');
  await steps[step]();
  return 0;
});
