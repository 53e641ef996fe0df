/** `landlens study`: a study that is planned, run in parts by as many processes as there are, and merged. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bindMethods } from '../attribution/explain.js';
import { methods as registry } from '../attribution/methods.js';
import { datasetText, openDataset } from '../dataset/openDataset.js';
import { parseEngine } from '../engine/engines.js';
import { failAt, messageOf } from '../error.js';
import { createProgress } from '../io/progress.js';
import { writeJobs } from '../study/parts/jobs.js';
import { mergeParts, tablePath } from '../study/parts/merge.js';
import { readState, runPart } from '../study/parts/part.js';
import { planStudy, type ReadPlan, readPlan } from '../study/parts/plan.js';
import { statusOf, statusText } from '../study/parts/status.js';
import { presetNames } from '../study/presets.js';
import { randomBaseline } from '../study/records.js';
import type { Study } from '../study/study.js';
import { summariseTable } from '../study/summary.js';
import { queryStudy } from '../study/table/queryStudy.js';
import { type Cell, openRecordTable } from '../study/table/recordTable.js';
import { csv } from '../study/tables.js';
import { alignedTable, oneLine, shellWord } from '../text.js';
import { interrupted, listenForInterrupt, print, untilInterrupted, withClassifier } from './commandLine.js';
import { flag, invalid, oneOf, option, path, readArguments, text, wholeNumber } from './option.js';
import { printReport } from './reproduce.js';
import { studyCommand, studyOptionsOf } from './studyOptions.js';

/** MiB of a part before any has run: all methods took up to 2,400 on two cores at 120 x 120 pixels. */
const usualMemory = 4096;

const folderOnly = { positionals: '<folder>', isCount: (count: number) => count === 1 };

const planCommand = {
  name: 'study plan',
  about:
    'Freezes what is studied into the folder --out: data set, network and its hash, methods, preset, seed, and every image with ' +
    'the class that is explained. Stop it at any time with Ctrl+C; rerun to resume.',
  options: {
    ...studyCommand.options,
    shards: option('<count>', 'parts that it is run in', wholeNumber(1, 100_000), '1'),
  },
};

const runCommand = {
  name: 'study run',
  ...folderOnly,
  about:
    'Measures one part of a planned study. Killed or stopped at any time and run again, it goes on; two processes never measure the ' +
    'same part.',
  options: {
    shard: option(
      '<index>',
      `which part, from 0; also as 3/8 (default: that of the scheduler's job: ${schedulerVariables().join(', ')})`,
      parseShard,
    ),
    wait: option(
      '<minutes>',
      'how long another process that measures the part is waited for, which may turn out to be dead',
      wholeNumber(0, 10_000),
      '0',
    ),
    threads: option('<count>', 'threads of the engine (default: one for each core)', wholeNumber(1, 1024)),
  },
};

const submitCommand = {
  name: 'study submit',
  ...folderOnly,
  about:
    'Writes the job files of a planned study into its folder jobs/: an array with a job for each part, and a merge that waits for ' +
    'all of them. --go submits them. The templates are plain files.',
  options: {
    slurm: flag('for Slurm'),
    kubernetes: flag('for Kubernetes'),
    go: flag('submit them too, by sbatch or kubectl'),
    cpus: option('<count>', 'cores of a part', wholeNumber(1, 1024), '4'),
    memory: option(
      '<MiB>',
      `memory of a part (default: a quarter more than any part has taken, else ${usualMemory})`,
      wholeNumber(64, 10_000_000),
    ),
    time: option('<h:mm:ss>', 'longest time of a part (Slurm)', parseTime, '24:00:00'),
    retries: option(
      '<count>',
      'how often a part that was killed is started again',
      wholeNumber(0, 1000),
      '5',
    ),
    image: option('<name>', "the container's image, with landlens in it (Kubernetes)", text),
    claim: option('<name>', 'claim of the volume that holds the study, data and network (Kubernetes)', text),
    mount: option('<path>', 'where that is mounted (Kubernetes)', text, '/study'),
    templates: option('<folder>', 'templates in place of those that come with landlens', path),
  },
};

const statusCommand = {
  name: 'study status',
  ...folderOnly,
  about: 'Says how far each part of a planned study is, how long it still takes, and what failed.',
  options: {},
};

const mergeCommand = {
  name: 'study merge',
  ...folderOnly,
  about:
    'Makes the one table of a planned study, once every planned record is there, and the reports that reproduce leaves.',
  options: {},
};

const queryCommand = {
  name: 'study query',
  positionals: '<folder> "<select ...>"',
  isCount: (count: number) => count === 2,
  about:
    'Asks the records of a study in SQL (DuckDB), also while its parts run: "records" has a row per image, target and method, ' +
    '"metrics" one per metric too. docs/scale.md lists the columns.',
  options: { csv: flag('print CSV, whole texts and lists, in place of a table') },
};

function parseTime(given: string, name: string): string {
  if (/^\d{1,4}:[0-5]\d:[0-5]\d$/.test(given)) return given;
  throw invalid(name, 'hours:minutes:seconds, such as 24:00:00', given);
}

/** Where schedulers say which job of an array this is. */
function schedulerVariables(): readonly string[] {
  return ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX', 'PBS_ARRAY_INDEX'];
}

interface Shard {
  readonly index: number;
  /** Of how many, where that was said. */
  readonly of?: number;
}

function parseShard(given: string, name: string): Shard {
  const [, index, of] = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(given) ?? [];
  if (index === undefined) throw invalid(name, 'a whole number from 0, or index/parts such as 3/8', given);
  return { index: Number(index), ...(of !== undefined && { of: Number(of) }) };
}

/** The part that is meant: what was asked for, else what the scheduler says, else the only one. */
function chooseShard(asked: Shard | undefined, shards: number): number {
  const said = schedulerVariables().flatMap((name) => {
    const value = process.env[name];
    return value === undefined || value === '' ? [] : [{ name, value }];
  });
  const [first] = said;
  const fail = failAt(asked === undefined && first !== undefined ? first.name : '--shard');
  if (asked === undefined && first === undefined) {
    if (shards === 1) return 0;
    throw fail('which part is not said', `--shard 0 to ${shards - 1}, or a job of an array`);
  }
  if (asked === undefined && said.some(({ value }) => value !== first?.value)) {
    const got = said.map(({ name, value }) => `${name}=${value}`).join(' ');
    throw fail('schedulers say different things', 'one index', got);
  }
  const { index, of = shards } = asked ?? parseShard(first?.value ?? '', first?.name ?? '');
  if (of !== shards) throw fail('the study was planned in another number of parts', `${shards}`, `${of}`);
  if (index < shards) return index;
  throw fail('there is no such part', `0 to ${shards - 1}`, `${index}`);
}

/** Opens what a plan names. */
async function withPlan<Result>(
  folder: string,
  { threads }: { readonly threads?: number },
  work: (plan: ReadPlan, study: Omit<Study, 'images' | 'folder'>) => Promise<Result>,
): Promise<Result> {
  const plan = await readPlan(folder);
  const { dataset, model, engine, costs, selection } = plan.plan;
  const { seed, preset: name } = plan.manifest;
  const preset = oneOf(presetNames)(name, 'preset');
  return withClassifier(
    { model, engine: parseEngine(engine, folder), ...(threads !== undefined && { threads }) },
    async (classifier) => {
      const study = {
        ...{ classifier, preset, seed, selection },
        dataset: await openDataset(dataset, classifier),
        methods: bindMethods(
          classifier,
          Object.keys(costs).filter((id) => id !== randomBaseline),
          { preset, seed },
        ),
      };
      return work(plan, study);
    },
  );
}

async function plan(argv: readonly string[]): Promise<number> {
  const read = readArguments(planCommand, argv);
  if (read === undefined) return 0;
  const { shards } = read.values;
  const { dataset: choice, out: folder, methods: ids, ...options } = studyOptionsOf(read.values);
  return untilInterrupted((signal) =>
    withClassifier(options, async (classifier) => {
      const dataset = await openDataset(choice, classifier);
      const methods = bindMethods(classifier, ids, options);
      const { images } = await planStudy(
        { ...options, dataset, classifier, methods, folder },
        {
          shards,
          signal,
          createProgress,
          dataset: datasetText(choice),
          model: options.model,
          engine: options.engine,
        },
      );
      const place = relative(process.cwd(), folder) || '.';
      const named = oneLine(shellWord(place));
      print(
        `${oneLine(place)}: ${images.length} images, ${methods.length} ${methods.length === 1 ? 'method' : 'methods'}, ${shards} ${shards === 1 ? 'part' : 'parts'}. Next:\n` +
          `  landlens study run ${named}${shards === 1 ? '' : ` --shard <0 to ${shards - 1}>`}\n  landlens study merge ${named}`,
      );
    }),
  );
}

async function run(argv: readonly string[]): Promise<number> {
  const read = readArguments(runCommand, argv);
  if (read === undefined) return 0;
  const folder = resolve(read.positionals[0]);
  const signal = listenForInterrupt();
  return withPlan(folder, read.values, async (plan, study) => {
    const shard = chooseShard(read.values.shard, plan.plan.shards);
    const { complete, records } = await runPart(plan, shard, study, {
      ...{ signal, createProgress, wait: 60_000 * read.values.wait },
    });
    print(
      `Part ${shard} of ${plan.plan.shards}: ${records.length} records${complete ? '' : '; stopped, rerun to resume'}.`,
    );
    return complete ? 0 : interrupted;
  });
}

async function status(argv: readonly string[]): Promise<number> {
  const read = readArguments(statusCommand, argv);
  if (read === undefined) return 0;
  print(statusText(await statusOf(await readPlan(resolve(read.positionals[0])))));
  return 0;
}

async function submit(argv: readonly string[]): Promise<number> {
  const read = readArguments(submitCommand, argv);
  if (read === undefined) return 0;
  const folder = resolve(read.positionals[0]);
  const { slurm, kubernetes, go, image, claim, templates, memory: asked, ...limits } = read.values;
  if (slurm === kubernetes) {
    throw failAt('landlens study submit')('for which scheduler is not said', '--slurm or --kubernetes');
  }
  if (kubernetes && (image === undefined || claim === undefined)) {
    throw failAt('--image, --claim')('Kubernetes needs both', 'an image and the claim of a volume');
  }
  const plan = await readPlan(folder);
  const { shards } = plan.plan;
  const memory = asked ?? (await measuredMemory(plan)) ?? usualMemory;
  const jobs = await writeJobs(slurm ? 'slurm' : 'kubernetes', {
    ...{ folder, shards, memory, ...limits, image: image ?? '', claim: claim ?? '' },
    program: slurm ? [process.execPath, resolve(process.argv[1])] : ['npx', '--no-install', 'landlens'],
    ...(templates !== undefined && { templates }),
  });
  // Slurm makes no folders, whoever submits.
  await mkdir(join(folder, 'logs'), { recursive: true });
  const commands = slurm ? slurmCommands(jobs) : kubernetesCommands(jobs);
  print(jobs.map((job) => relative(process.cwd(), job)).join('\n'));
  if (!go) {
    print(`Submit by:\n  ${commands.map((words) => words('<job>').map(shellWord).join(' ')).join('\n  ')}`);
    return 0;
  }
  let job = '';
  for (const words of commands) {
    const said = await callScheduler(words(job));
    job = said.split(';')[0];
    print(said);
  }
  return 0;
}

type SchedulerCall = (job: string) => readonly string[];

const slurmCommands = ([parts, merge]: readonly string[]): readonly SchedulerCall[] => [
  () => ['sbatch', '--parsable', parts],
  (job) => ['sbatch', '--parsable', `--dependency=afterok:${job}`, '--kill-on-invalid-dep=yes', merge],
];

const kubernetesCommands = ([file]: readonly string[]): readonly SchedulerCall[] => [
  () => ['kubectl', 'apply', '-f', file],
];

/** What a scheduler's program answers. */
async function callScheduler([program, ...words]: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, words)).stdout.trim();
  } catch (thrown) {
    const fail = failAt(program, 'Submit the job files by hand where the scheduler is.');
    throw fail(`did not take the job: ${messageOf(thrown).trim()}`);
  }
}

/** A quarter more than the most that any part has taken, in MiB. */
async function measuredMemory({ folder, plan }: ReadPlan): Promise<number | undefined> {
  const taken: number[] = [];
  for (let shard = 0; shard < plan.shards; shard++) {
    const state = await readState(folder, shard);
    if (state !== undefined) taken.push(state.memory);
  }
  return taken.length === 0 ? undefined : Math.ceil(1.25 * Math.max(...taken));
}

async function merge(argv: readonly string[]): Promise<number> {
  const read = readArguments(mergeCommand, argv);
  if (read === undefined) return 0;
  const folder = resolve(read.positionals[0]);
  const plan = await readPlan(folder);
  const { size, selection, costs } = plan.plan;
  const { dataset, model } = plan.manifest;
  await mergeParts(plan);
  const table = await openRecordTable([tablePath(folder)]);
  try {
    const methods = registry.filter(({ id }) => Object.hasOwn(costs, id));
    const options = { dataset: { ...dataset, size }, model: model.name, selection };
    await printReport(folder, await summariseTable(table, methods, options), 'records.parquet');
  } finally {
    await table.close();
  }
  return 0;
}

async function query(argv: readonly string[]): Promise<number> {
  const read = readArguments(queryCommand, argv);
  if (read === undefined) return 0;
  const [folder, sql] = read.positionals;
  const rows = await queryStudy(resolve(folder), sql);
  const shown = rows.map((row) => Object.entries(row).map(([name, cell]) => [name, cellText(cell)] as const));
  if (read.values.csv) {
    // A terminal's line ends; a cell holds none.
    print(
      csv(shown.map((row) => Object.fromEntries(row)))
        .replaceAll('\r\n', '\n')
        .trimEnd(),
    );
    return 0;
  }
  const cells = shown.map((row) =>
    row.map(([, value]) => (typeof value === 'string' ? shorten(value) : value)),
  );
  print(rows.length === 0 ? 'No rows.' : alignedTable(Object.keys(rows[0]), cells).join('\n'));
  return 0;
}

/** Lists and structures as JSON, nothing as an empty text. */
const cellText = (cell: Cell): string | number =>
  typeof cell === 'number' || typeof cell === 'string' ? cell : cell === null ? '' : JSON.stringify(cell);

const longest = 60;
const shorten = (value: string): string =>
  value.length > longest ? `${value.slice(0, longest - 1)}…` : value;

const steps: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  plan,
  run,
  submit,
  status,
  merge,
  query,
};

const usage = `Usage: landlens study plan --out <folder> [options]
       landlens study run <folder> [--shard <index>]
       landlens study submit <folder> --slurm | --kubernetes [--go]
       landlens study status <folder>
       landlens study merge <folder>
       landlens study query <folder> "<select ...>"

landlens study <step> --help says more.`;

export async function studyCommands([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help') {
    print(usage);
    return 0;
  }
  if (Object.hasOwn(steps, name)) return steps[name](rest);
  throw failAt('landlens study')('no such step', Object.keys(steps).join(' or '), JSON.stringify(name));
}
