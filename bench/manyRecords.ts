/**
 * How long status, merge and queries of a large study take, and how much memory: a study of made-up records, by default as
 * many as all of BigEarthNet's 590,326 patches have by twelve methods and the random baseline, 7.7 million (some 15 GB of lines).
 *
 *   node --import ./test/typescript.mjs bench/manyRecords.ts FOLDER [--images 590326] [--shards 64]
 *
 * Each step is a process of its own, as its user's would be; the records are made first, and not timed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { methods } from 'landlens/attribution/methods';
import { metrics } from 'landlens/metric/metrics';
import { createRandom } from 'landlens/random';
import { type Manifest, studyId } from 'landlens/study/manifest';
import { recordsPath } from 'landlens/study/parts/part';
import { imagesPath, type PlannedImage, type StudyPlan } from 'landlens/study/parts/plan';
import { presets } from 'landlens/study/presets';
import { randomBaseline, type StudyRecord } from 'landlens/study/records';
import { repositoryRoot } from '../tools/repositoryRoot.js';

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { images: { type: 'string', default: '590326' }, shards: { type: 'string', default: '64' } },
});
const folder = resolve(positionals[0] ?? 'results/many-records');
const [count, shards] = [Number(given.images), Number(given.shards)];

const size = 120;
const costs = Object.fromEntries([
  [randomBaseline, 43],
  ...methods.map((method) => [method.id, 43 + 13 * method.passes({ size: [size, size] }, 'paper')] as const),
]);
const manifest: Manifest = {
  format: 'landlens study 2',
  dataset: { name: 'made up', rendered: true, testImages: count },
  model: { name: 'made up', hash: '0123456789abcdef', description: 'fedcba9876543210' },
  ...{ preset: 'paper', seed: 0, measurement: { ...presets.paper } },
  versions: { landlens: '0.1.0', node: process.versions.node, engine: 'made up' },
  methods: Object.fromEntries(methods.map(({ id }) => [id, {}])),
};

const imageAt = (index: number): PlannedImage => ({
  index,
  name: `S2A_MSIL2A_20170613T101031_${index % 91}_${Math.floor(index / 91)}`,
  target: { index: index % 19, name: 'Coniferous forest', score: 0.75, truePositive: true },
});

function recordAt({ index, name, target }: PlannedImage, method: string): StudyRecord {
  const random = createRandom(index, method);
  let score = 1;
  const morf = Array.from({ length: 44 }, () => {
    score *= random.uniform(0.9, 1);
    return Math.fround(score);
  });
  const values = Object.fromEntries(metrics.map(({ id }) => [id, random.uniform(0, 40)]));
  const { aucMorf } = values;
  return {
    ...{ image: name, imageIndex: index, target, method, parameters: {} },
    metrics: method === randomBaseline ? { aucMorf, morf } : { ...values, morf },
    ...(method === 'lime' && { sampling: { relativeError: 0.06, evaluations: 6000, reached: true } }),
    ...{ study: studyId(manifest), seed: 0, preset: 'paper', model: manifest.model.hash },
    ...{ versions: manifest.versions, device: 'made up' },
  };
}

/** A file that is written in lines, however many. */
async function writeLines(path: string, lines: Iterable<unknown>): Promise<void> {
  const stream = createWriteStream(path);
  for (const line of lines) {
    if (!stream.write(`${JSON.stringify(line)}\n`)) await once(stream, 'drain');
  }
  await finished(stream.end());
}

await rm(folder, { recursive: true, force: true });
await mkdir(join(folder, 'parts'), { recursive: true });
await writeFile(join(folder, 'study.json'), JSON.stringify(manifest));
await writeLines(
  imagesPath(folder),
  (function* () {
    for (let index = 0; index < count; index++) yield imageAt(index);
  })(),
);
const whole = count - (count % shards);
for (let shard = 0; shard < shards; shard++) {
  await writeLines(
    recordsPath(folder, shard),
    (function* () {
      for (let index = shard; index < count; index += shards) {
        // The images that are left over belong to several parts; here the first has them all, which a merge takes as well.
        if (index >= whole && shard > 0) continue;
        for (const method of Object.keys(costs)) yield recordAt(imageAt(index), method);
      }
      if (shard === 0) {
        for (let index = whole + 1; index < count; index++)
          for (const method of Object.keys(costs)) yield recordAt(imageAt(index), method);
      }
    })(),
  );
  process.stderr.write(`\rmade ${shard + 1} of ${shards} parts`);
}
const plan: StudyPlan = {
  ...{ format: 'landlens study plan 1', dataset: 'scenes', model: 'made up', engine: 'cpu' },
  ...{ selection: { split: 'test' }, shards, images: count, size, costs },
  imagesHash: createHash('sha256')
    .update(await readFile(imagesPath(folder)))
    .digest('hex'),
};
await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));

const table3 =
  'select method, avg(max_sensitivity), avg(auc_morf), avg(file_size_kb), avg(seconds) from records group by method';
const program = join(repositoryRoot, 'lib/bin/landlens.js');
console.log(`\n${count * Object.keys(costs).length} records`);
for (const [what, ...argv] of [
  ['status', 'status', folder],
  ['query of the parts', 'query', folder, table3],
  ['merge', 'merge', folder],
  ['query of the merged table', 'query', folder, table3],
  [
    'median of a metric',
    'query',
    folder,
    "select method, median(value) from metrics where metric = 'auc_morf' group by method",
  ],
]) {
  const since = performance.now();
  const { status, stderr } = spawnSync(
    '/usr/bin/time',
    ['-f', '%M', process.execPath, program, 'study', ...argv],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  if (status !== 0) throw new Error(stderr);
  const mebibytes = Number(stderr.trim().split('\n').at(-1)) / 1024;
  console.log(
    `${what}: ${((performance.now() - since) / 1000).toFixed(1)} s, peak ${mebibytes.toFixed(0)} MiB`,
  );
}
