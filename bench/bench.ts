/** `npm run bench`: landlens beside PyTorch and Captum, and beside the machine's limit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { interrupted, listenForInterrupt, runCommand } from 'landlens/command/commandLine';
import { writeFileAtomic } from 'landlens/io/file';
import { createProgress, type Progress } from 'landlens/io/progress';
import { repositoryRoot } from '../tools/repositoryRoot.js';
import { type BenchRecord, openRecord, type Rate, type RunFacts } from './benchRecords.js';
import { codeDigest, preparePython } from './environment.js';
import { availableMemory, describeMachine } from './machine.js';
import { reportMarkdown } from './markdown.js';
import { measureRow } from './measureRow.js';
import { multiplyAdds, networkGraph, networkLabels } from './networks.js';
import { type BenchOptions, benchUsage, growthId, hasWholePreset, parseBenchOptions } from './options.js';
import { openPair, type Pair, type SideOptions, startOurs, startPeer } from './pair.js';
import { reportJson } from './report.js';
import { type Row, rowsAt, type Tuning } from './rows.js';
import { prepareSubject } from './subject.js';
import {
  batchPlans,
  bestBatch,
  growthPlans,
  measureSweep,
  type SweepPlan,
  sidePlans,
  sidesOfGrowth,
} from './sweeps.js';
import type { NetworkName } from './task.js';
import { readTensors } from './tensorFile.js';

interface Subject {
  readonly network: NetworkName;
  readonly size: number;
}

/** One thing to measure of a subject; ids are those of rows and sweeps. */
type Step =
  | { readonly id: string; readonly label: string; readonly row: Row }
  | { readonly id: string; readonly label: string; readonly sweep: (tuning: Tuning) => SweepPlan };

interface Part {
  readonly subject: Subject;
  readonly steps: readonly Step[];
}

const sweepStep = (plan: SweepPlan): Step => ({ id: plan.id, label: plan.label, sweep: () => plan });

/** Everything to measure, subject by subject. */
function partsOf({ networks, sides: sizes, only }: BenchOptions): readonly Part[] {
  const hasGrowth = only.includes(growthId);
  const untuned: Tuning = { forward: 1, gradient: 1 };
  const subjects = networks.flatMap((network) => sizes.map((size) => ({ network, size })));
  const main = subjects.map((subject, i): Part => {
    const growth = growthPlans(subject.size, untuned).map(
      ({ id, label }, at): Step => ({ id, label, sweep: (tuning) => growthPlans(subject.size, tuning)[at] }),
    );
    const chosen = rowsAt(subject.size).filter(({ id }) => only.includes(id));
    return {
      subject,
      steps: [
        // The batch sizes of (b) come from these.
        ...(hasGrowth || chosen.some(({ isTunable }) => isTunable) ? batchPlans.map(sweepStep) : []),
        ...chosen.map((row): Step => ({ id: row.id, label: row.label, row })),
        ...(hasGrowth && i === 0 ? growth : []),
      ],
    };
  });
  const [first] = networks;
  const bySide = sidesOfGrowth.map(
    (size): Part => ({ subject: { network: first, size }, steps: sidePlans(size).map(sweepStep) }),
  );
  return [...main, ...(hasGrowth ? bySide : [])];
}

interface Run {
  readonly options: BenchOptions;
  readonly sides: SideOptions;
  readonly folder: string;
  readonly records: BenchRecord[];
  readonly keep: (record: BenchRecord) => Promise<void>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Steps of a kind take about as long as each other, for the estimate of what is left. */
const kindOf = ({ size }: Subject, step: Step): string =>
  'row' in step ? `${step.row.group} ${Math.min(step.row.passes, 500)} ${size}` : `growth ${size}`;

/** Whether a step of a subject is in the record. */
const isDone = (records: readonly BenchRecord[], { network, size }: Subject, id: string): boolean =>
  records.some(
    (record) =>
      (record.kind === 'row' || record.kind === 'sweep') &&
      record.network === network &&
      record.size === size &&
      record.id === id,
  );

function tuningOf(records: readonly BenchRecord[], { network, size }: Subject): Tuning {
  const best = (id: string): number => {
    const found = records.find(
      (record) =>
        record.kind === 'sweep' && record.network === network && record.size === size && record.id === id,
    );
    return found?.kind === 'sweep' ? bestBatch(found) : 1;
  };
  return { forward: best('batch-forward'), gradient: best('batch-gradient') };
}

async function measurePeaks(options: SideOptions): Promise<{ ours: Rate; peer: Rate }> {
  const rates: Rate[] = [];
  for (const start of [startOurs, startPeer]) {
    const side = await start(options);
    rates.push(await side.request<Rate>({ command: 'peak' }));
    await side.stop();
  }
  return { ours: rates[0], peer: rates[1] };
}

async function measureStep(pair: Pair, step: Step, { subject }: Part, run: Run): Promise<void> {
  const { options, records, keep, folder } = run;
  const { effort } = options;
  const tuning = tuningOf(records, subject);
  if ('row' in step) {
    const result = await measureRow(pair, step.row, tuning, effort, folder);
    await keep({ kind: 'row', ...subject, id: step.id, ...result });
    return;
  }
  const patience = Math.min(3 * effort.budget, 60);
  const sweep = await measureSweep(pair, step.sweep(tuning), { rounds: 3, patience });
  await keep({ kind: 'sweep', ...subject, ...sweep });
}

/** False where the signal stopped it. */
async function measurePart(part: Part, run: Run): Promise<boolean> {
  const { subject } = part;
  const { records, keep, progress, signal, folder } = run;
  const left = part.steps.filter(({ id }) => !isDone(records, subject, id));
  if (left.length === 0) return true;
  if (signal.aborted) return false;
  const where = `${subject.network} ${subject.size}`;
  progress.start('open', `${where}: images and networks`);
  const message = await prepareSubject(subject.network, subject.size, folder, 0);
  const pair = await openPair(message, run.sides);
  try {
    const isKnown = records.some(
      (record) =>
        record.kind === 'subject' && record.network === subject.network && record.size === subject.size,
    );
    if (!isKnown) {
      const graph = networkGraph(subject.network, await readTensors(message.weights), subject.size);
      const { target, versions } = pair;
      await keep({ kind: 'subject', ...subject, multiplyAdds: multiplyAdds(graph), target, versions });
    }
    progress.done();
    for (const step of left) {
      if (signal.aborted) return false;
      progress.start(kindOf(subject, step), `${where}: ${step.label}`);
      await measureStep(pair, step, part, run);
      progress.done();
    }
    return true;
  } finally {
    await pair.stop();
    await rm(message.arrays.path, { force: true });
  }
}

async function bench(options: BenchOptions): Promise<number> {
  const { preset, out, threads, rounds } = options;
  const signal = listenForInterrupt();
  // Both sides are killed as this process exits.
  process.once('SIGTERM', () => process.exit(143));
  const python = await preparePython(repositoryRoot, console.log);
  const memory =
    options.memory === undefined ? Math.floor(0.9 * (await availableMemory())) : options.memory * 2 ** 30;
  const sideOptions: SideOptions = { python, threads, memory };
  const { networks, sides, only } = options;
  // A part never takes the place of a whole run's results.
  const name = hasWholePreset(options) ? preset : `${preset}-part`;
  const facts: RunFacts = {
    ...{ kind: 'run', format: 'landlens bench 2' },
    ...{ machine: describeMachine(), code: await codeDigest(repositoryRoot) },
    options: {
      ...{ preset, networks, sides, only, threads, rounds },
      ...(options.memory !== undefined && { memory: options.memory }),
    },
  };
  const lines = await openRecord(join(out, `${name}.jsonl`), facts, options.fresh);
  const records = [...lines.earlier];
  const parts = partsOf(options);
  const steps = parts.flatMap(({ subject, steps: all }) => {
    const left = all.filter(({ id }) => !isDone(records, subject, id));
    return left.length === 0 ? [] : ['open', ...left.map((step) => kindOf(subject, step))];
  });
  if (records.length > 1) console.log(`Continuing: ${steps.length} steps are left.`);
  const progress = createProgress(steps);
  const folder = await mkdtemp(join(tmpdir(), 'landlens-bench-'));
  const keep = async (record: BenchRecord): Promise<void> => {
    records.push(await lines.append(record));
  };
  let isComplete = true;
  try {
    if (!records.some(({ kind }) => kind === 'peak')) {
      await keep({ kind: 'peak', ...(await measurePeaks(sideOptions)) });
    }
    const run: Run = { options, sides: sideOptions, folder, records, keep, progress, signal };
    for (const part of parts) isComplete = isComplete && (await measurePart(part, run));
  } finally {
    progress.finish();
    await lines.close();
    await rm(folder, { recursive: true, force: true });
  }
  const shown = relative(process.cwd(), out) || '.';
  if (!isComplete) {
    console.log(`Stopped; what was measured is kept in ${shown}. The same command continues.`);
    return interrupted;
  }
  const markdown = reportMarkdown(records);
  await writeFileAtomic(join(out, `${name}.json`), reportJson(records));
  await writeFileAtomic(join(out, `${name}.md`), markdown);
  // A run that is complete is not continued: the next one measures anew.
  await rm(join(out, `${name}.jsonl`));
  console.log(`\n${markdown}\nIn ${shown}: ${name}.md, ${name}.json`);
  const disagreeing = records.filter((record) => record.kind === 'row' && record.agreement?.agrees === false);
  if (disagreeing.length === 0) return 0;
  console.error(`${disagreeing.length} rows do not agree with the peer: see the table.`);
  return 1;
}

runCommand(async (argv) => {
  const options = parseBenchOptions(argv);
  if (options === undefined) {
    console.log(benchUsage);
    return 0;
  }
  console.log(
    `${options.networks.map((name) => networkLabels[name]).join('; ')}; ${options.sides.join(' and ')} pixels; preset ${options.preset}`,
  );
  return bench(options);
});
