/** `npm run bench`: landlens beside PyTorch and Captum, and beside the machine's limit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { interrupted, listenForInterrupt, runCommand } from 'landlens/command/commandLine';
import { writeFileAtomic } from 'landlens/io/file';
import { createProgress, type Progress } from 'landlens/io/progress';
import { repositoryRoot } from '../tools/repositoryRoot.js';
import { methodWork } from './amounts.js';
import { type BenchRecord, openRecord, type Rate, type RunFacts } from './benchRecords.js';
import { codeDigest, preparePython } from './environment.js';
import { availableMemory, describeMachine } from './machine.js';
import { reportMarkdown } from './markdown.js';
import { measureRow } from './measureRow.js';
import { multiplyAdds, networkGraph, networkLabels } from './networks.js';
import { type BenchOptions, benchUsage, growthId, hasWholePreset, parseBenchOptions } from './options.js';
import { openPair, type Pair, type SideOptions, startOurs, startPeer } from './pair.js';
import { measurePrecision } from './precision/sameError.js';
import { reportJson } from './report.js';
import {
  batches,
  type Row,
  rowsAt,
  sameErrorId,
  sameErrorRowsAt,
  sampledMethods,
  type Tuning,
} from './rows.js';
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
  /** Before the rows of the same error. */
  | { readonly id: string; readonly label: string; readonly precisionOf: string }
  | { readonly id: string; readonly label: string; readonly sameError: true }
  | { readonly id: string; readonly label: string; readonly sweep: (tuning: Tuning) => SweepPlan };

interface Part {
  readonly subject: Subject;
  readonly steps: readonly Step[];
}

/** A method's error first, then what takes to it. */
function sameErrorSteps(only: readonly string[]): readonly Step[] {
  return sampledMethods.flatMap(({ id, name }): Step[] => {
    const chosen = [id, `sensitivity-${id}`].map(sameErrorId).filter((row) => only.includes(row));
    if (chosen.length === 0) return [];
    return [
      { id: precisionId(id), label: `Error, ${name}`, precisionOf: id },
      ...chosen.map((row): Step => ({ id: row, label: `Same error, ${name}`, sameError: true })),
    ];
  });
}

const precisionId = (method: string): string => `precision-${method}`;

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
    // Sampling takes long, and its errors depend little on the side: at the first alone.
    const sameError = subject.size === sizes[0] ? sameErrorSteps(only) : [];
    const isTuned = sameError.length > 0 || chosen.some(({ isTunable }) => isTunable);
    return {
      subject,
      steps: [
        // The batch sizes of (b) come from these.
        ...(hasGrowth || isTuned ? batchPlans.map(sweepStep) : []),
        ...chosen.map((row): Step => ({ id: row.id, label: row.label, row })),
        ...sameError,
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
function kindOf({ size }: Subject, step: Step): string {
  if ('row' in step) return `${step.row.group} ${Math.min(step.row.passes, mostPasses)} ${size}`;
  return `${'sweep' in step ? 'growth' : step.id} ${size}`;
}

/** Beyond so many passes a row is extrapolated. */
const mostPasses = 500;

/** Passes that a step takes, roughly, times pixels: until steps of its kind have been timed. */
function costOf({ size }: Subject, step: Step): number {
  const passes = 'row' in step ? Math.min(step.row.passes, mostPasses) : 'sweep' in step ? 100 : 1000;
  return passes * size * size;
}

const isOf = (
  { network, size }: Subject,
  record: Extract<BenchRecord, { readonly network: NetworkName }>,
): boolean => record.network === network && record.size === size;

/** Whether a step of a subject is in the record. */
const isDone = (records: readonly BenchRecord[], subject: Subject, id: string): boolean =>
  records.some((record) => {
    if (record.kind === 'precision') return isOf(subject, record) && precisionId(record.method) === id;
    return (record.kind === 'row' || record.kind === 'sweep') && isOf(subject, record) && record.id === id;
  });

function tuningOf(records: readonly BenchRecord[], subject: Subject): Tuning {
  const best = (id: string): number => {
    const found = records.find(
      (record) => record.kind === 'sweep' && isOf(subject, record) && record.id === id,
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
  const measure = async (row: Row): Promise<void> => {
    const result = await measureRow(pair, row, tuning, effort, folder);
    await keep({ kind: 'row', ...subject, id: row.id, ...result });
  };
  if ('row' in step) return measure(step.row);
  if ('precisionOf' in step) {
    const { precisionOf: method } = step;
    const { size } = subject;
    const peer = batches(methodWork(method, size).family, tuning);
    const precision = await measurePrecision(pair, method, { size, batches: peer, folder });
    return keep({ kind: 'precision', ...subject, ...precision });
  }
  if ('sameError' in step) {
    const known = records.filter((record) => record.kind === 'precision').filter((one) => isOf(subject, one));
    const row = sameErrorRowsAt(subject.size, known).find(({ id }) => id === step.id);
    if (row === undefined) throw new Error(`the precision of ${step.id} is not known`);
    return measure(row);
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
    if (left.length === 0) return [];
    const opening = { kind: 'open', cost: 100 * subject.size ** 2 };
    return [opening, ...left.map((step) => ({ kind: kindOf(subject, step), cost: costOf(subject, step) }))];
  });
  const costs = new Map(steps.map(({ kind, cost }) => [kind, cost]));
  if (records.length > 1) console.log(`Continuing: ${steps.length} steps are left.`);
  const kinds = steps.map(({ kind }) => kind);
  const progress = createProgress(kinds, { cost: (kind) => costs.get(kind) ?? 1 });
  const folder = await mkdtemp(join(tmpdir(), 'landlens-bench-'));
  const keep = async (record: BenchRecord): Promise<void> => {
    records.push(...(await lines.append(record)));
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
