/** landlens on a GPU: does it agree with the processor and with Captum, and how long does it take beside them? */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { methods } from 'landlens/attribution/methods';
import { runCommand } from 'landlens/command/commandLine';
import { gpuMemory } from 'landlens/engine/gpuMemory';
import { messageOf } from 'landlens/error';
import { hasRun, wholeSeconds } from '../cell.js';
import { availableMemory, describeMachine } from '../machine.js';
import { measureRow, type RowResult } from '../measureRow.js';
import { networkLabels } from '../networks.js';
import type { Pair } from '../pair.js';
import { type Row, rowsAt, type Tuning } from '../rows.js';
import { difference, medianOf } from '../statistics.js';
import { prepareSubject } from '../subject.js';
import type { OpenMessage, Task } from '../task.js';
import { readTensors, tensorNamed } from '../tensorFile.js';
import { type CheckOptions, checkUsage, type Part, parseCheckOptions } from './options.js';
import { createRecorder, type Recorder } from './record.js';
import { createSide, type LastingSide, startCaptum, startLandlens, suffix } from './sides.js';
import { ratioText, secondsText, summary, type TimedRow } from './summary.js';

/** What the parts of the check share. */
interface Check {
  readonly options: CheckOptions;
  readonly recorder: Recorder;
  readonly folder: string;
  /** landlens on the GPU. */
  readonly ours: LastingSide;
  readonly processor: LastingSide;
  /** Captum; absent where Python has no PyTorch. */
  readonly peer?: LastingSide;
  /** Seconds that are left. */
  readonly left: () => number;
  /**
   * Does a part; one that fails or takes longer than its seconds, or than there are, is said, and the next one goes on.
   */
  attempt<Result>(what: string, seconds: number, work: () => Promise<Result>): Promise<Result | undefined>;
}

function createCheck(
  options: CheckOptions,
  folder: string,
  memory: number,
): Omit<Check, 'peer'> & {
  readonly captum: LastingSide;
} {
  const recorder = createRecorder(options.out);
  const { engine, threads, python, seconds: whole } = options;
  const ours = createSide(() => startLandlens(engine, threads));
  const processor = createSide(() => startLandlens('cpu', threads));
  const captum = createSide(() => startCaptum(python, threads, memory));
  const since = performance.now();
  const left = (): number => whole - (performance.now() - since) / 1000;
  return {
    ...{ options, recorder, folder, ours, processor, captum, left },
    async attempt(what, seconds, work) {
      const limit = Math.min(seconds, left());
      let reason: string;
      if (limit <= 1) reason = 'left out: no time is left';
      else {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`ended after ${limit.toFixed(0)} s`)), 1000 * limit);
        });
        try {
          return await Promise.race([work(), late]);
        } catch (thrown) {
          reason = messageOf(thrown);
          for (const side of [ours, processor, captum]) side.endBusy();
        } finally {
          clearTimeout(timer);
        }
      }
      recorder.say(`${what}: ${reason}`);
      recorder.keep('failure', { what, reason });
      return undefined;
    },
  };
}

function output(command: string, args: readonly string[], seconds: number): string {
  try {
    return execFileSync(command, args, {
      ...{ encoding: 'utf8', timeout: 1000 * seconds },
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', VK_LOADER_DEBUG: 'error,warn' },
    }).trim();
  } catch (thrown) {
    return `failed: ${messageOf(thrown).slice(-8000)}`;
  }
}

function tellFacts({ recorder }: Pick<Check, 'recorder'>): void {
  const query = '--query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit';
  const facts = {
    gpu: output('nvidia-smi', [query, '--format=csv,noheader'], 20),
    gpuMemory: gpuMemory() ?? null,
    machine: describeMachine(),
    kernel: release(),
    node: `${process.version} ${process.execPath}`,
    driverFiles: process.env.VK_DRIVER_FILES ?? '',
    libraryPath: process.env.LD_LIBRARY_PATH ?? '',
  };
  recorder.keep('facts', { ...facts });
  for (const [name, value] of Object.entries(facts)) recorder.say(`${name}: ${JSON.stringify(value)}`);
}

/** What another script of this folder prints. */
const scriptOutput = (name: string): string => {
  const path = fileURLToPath(new URL(`./${name}${suffix}`, import.meta.url));
  return output(process.execPath, [...process.execArgv, path], 60);
};

function listEngines({ recorder }: Pick<Check, 'recorder'>): void {
  const text = scriptOutput('engines');
  recorder.keep('engines', { text });
  for (const line of text.split('\n')) recorder.say(line);
}

/** The class that landlens explains, chosen by the processor, so that no GPU decides it. */
async function openSubject(check: Check): Promise<void> {
  const { options, folder, ours, processor, peer, recorder } = check;
  const { network, size, batches } = options;
  const message = await prepareSubject(network, size, folder, 0, { images: Math.max(...batches, 16) });
  const { target } = await processor.request<{ target: number }>({ ...message, command: 'choose' });
  const subject: OpenMessage = { ...message, target };
  for (const side of [ours, processor, ...(peer ? [peer] : [])]) side.open(subject);
  recorder.say(`${networkLabels[network]}, ${size} x ${size}, class ${target}`);
}

async function resultOf(
  side: LastingSide,
  task: Task,
  { folder }: Check,
  name: string,
): Promise<Float32Array> {
  const path = join(folder, `${name}.result`);
  const { result } = await side.run(task, { keep: path });
  if (result === undefined) throw new Error(`${name} returned nothing to compare`);
  return tensorNamed(await readTensors({ path, entries: [result] }), 'result').data;
}

/** Relative L2 distances of the GPU's values from the processor's, and from Captum's without TF32. */
async function compareAll(check: Check, rows: readonly Row[]): Promise<void> {
  const { options, recorder, ours, processor, peer, left, attempt } = check;
  // What has to be compiled may take long: the times of the methods have their share too.
  const kept = options.only.includes('times') ? 0.4 * options.seconds : 0;
  const most = (): number => Math.min(90, left() - kept);
  for (const { id, check: compared } of rows) {
    if (compared === undefined || id.startsWith('training')) continue;
    await attempt(`agreement of ${id}`, most(), async () => {
      await peer?.setPrecision(false);
      const since = performance.now();
      const own = await resultOf(ours, compared.ours, check, 'ours');
      const first = (performance.now() - since) / 1000;
      const cpu = difference(own, await resultOf(processor, compared.ours, check, 'processor'));
      const captum = peer && difference(own, await resultOf(peer, compared.peer, check, 'peer'));
      recorder.keep('agreement', { id, what: compared.what, cpu, ...(captum && { captum }), first });
      const ofPeer = captum ? `, ${captum.norm.toExponential(1)} from Captum` : '';
      recorder.say(
        `${id.padEnd(34)} relative L2 ${cpu.norm.toExponential(1)} from the processor${ofPeer}; first run ${secondsText(first)}`,
      );
    });
  }
}

/** Forward passes and gradients on everything there is; PyTorch with and without TF32. */
async function measureSteps(check: Check): Promise<void> {
  const { options, recorder, ours, processor, peer, attempt } = check;
  const { batches, rounds } = options;
  for (const kind of ['forward', 'gradient'] as const) {
    for (const batch of batches) {
      const task: Task = { kind, batch };
      await attempt(`${kind} ${batch}`, 45, async () => {
        const columns: readonly (readonly [string, LastingSide, boolean?])[] = [
          ['ours', ours],
          ['processor', processor],
          ...(peer
            ? ([
                ['tf32', peer, true],
                ['float32', peer, false],
              ] as const)
            : []),
        ];
        const seconds = new Map<string, number[]>();
        for (let round = -2; round < rounds[1]; round++) {
          for (const [name, side, tf32] of columns) {
            if (tf32 !== undefined) await side.setPrecision(tf32);
            const timing = await side.run(task);
            // Two rounds warm up: shaders and algorithms are chosen.
            if (round >= 0) seconds.set(name, [...(seconds.get(name) ?? []), timing.seconds]);
          }
        }
        recorder.keep('step', { id: `${kind}-${batch}`, seconds: Object.fromEntries(seconds) });
        const texts = [...seconds].map(([name, values]) => `${name} ${secondsText(medianOf(values))}`);
        const own = seconds.get('ours') ?? [];
        const ratios = ['processor', 'tf32', 'float32'].flatMap((name) => {
          const other = seconds.get(name);
          return other ? [`${name} / ours ${ratioText(other, own)}`] : [];
        });
        recorder.say(`${kind} ${batch}: ${[...texts, ...ratios].join(', ')}`);
      });
    }
  }
}

/** The batches with which the peer computes the most images a second. */
async function tune(check: Check): Promise<Tuning> {
  const { options, recorder, peer, attempt } = check;
  const best = { forward: options.peerBatches[0], gradient: options.peerBatches[0] };
  if (peer === undefined) return best;
  await peer.setPrecision(true);
  for (const kind of ['forward', 'gradient'] as const) {
    await attempt(`the peer's batch, ${kind}`, 30, async () => {
      let most = 0;
      for (const batch of options.peerBatches) {
        const timings = [];
        for (let i = 0; i < 4; i++) timings.push((await peer.run({ kind, batch })).seconds);
        const rate = batch / Math.min(...timings.slice(1));
        recorder.keep('tuning', { step: kind, batch, rate });
        // A larger batch has to be worth it.
        if (rate > 1.02 * most) {
          most = rate;
          best[kind] = batch;
        }
      }
      recorder.say(`Captum's best batch, ${kind}: ${best[kind]} images, ${most.toFixed(0)} images a second`);
    });
  }
  return best;
}

/** Measures rows on landlens and Captum, or the processor where there is no Captum. */
async function measureRows(check: Check, rows: readonly Row[], tuning: Tuning): Promise<readonly TimedRow[]> {
  const { options, recorder, folder, ours, processor, peer, left, attempt } = check;
  const other = peer ?? processor;
  const pair: Pair = {
    ...{ target: 0, versions: {}, memory: Infinity },
    run: (column, task, given) => (column === 'ours' ? ours : other).run(task, given),
    async forget() {
      await other.request({ command: 'forget' });
    },
    stop: async () => undefined,
  };
  const timed: TimedRow[] = [];
  for (const [i, row] of rows.entries()) {
    const share = left() / (rows.length - i);
    // Rows of single passes leave time to the others, which need five rounds of two amounts on two sides.
    const budget = Math.max(0.3, Math.min(1, share / 12));
    const effort = { rounds: options.rounds, budget, rowBudget: share / 3 };
    // The agreement has been looked at; Captum's defaults, one image a pass, are no use of a GPU.
    const { check: _, ...unchecked } = row;
    const measured = await attempt(row.id, Math.max(30, 3 * share), () =>
      measureRow(pair, { ...unchecked, isTunable: false }, tuning, effort, folder),
    );
    if (measured === undefined) continue;
    const found = timedRow(row, measured);
    if (found === undefined) continue;
    timed.push(found);
    recorder.keep('row', { ...found });
    const scaled = found.scaledFrom === undefined ? '' : ` (scaled from ${found.scaledFrom})`;
    const [own, others] = [medianOf(found.ours), medianOf(found.other)];
    recorder.say(
      `${row.id.padEnd(34)} ours ${secondsText(own)}, other ${secondsText(others)}, ratio ${ratioText(found.other, found.ours)}${scaled}`,
    );
  }
  return timed;
}

function timedRow({ id, label, group }: Row, { cells }: RowResult): TimedRow | undefined {
  const { ours, best } = cells;
  if (!hasRun(ours) || !hasRun(best)) return undefined;
  const { scaledFrom } = ours;
  return {
    ...{ id, label, group, ours: wholeSeconds(ours), other: wholeSeconds(best) },
    ...(scaledFrom !== undefined && { scaledFrom }),
    ...(best.batch !== undefined && { batch: best.batch }),
  };
}

/** What takes longest comes first: the whole of Table 3 is mostly that. */
const byWeight = (rows: readonly Row[]): readonly Row[] => [...rows].sort((a, b) => b.passes - a.passes);

/** Starts every process; false where landlens does not compute on the GPU. */
async function startSides({ recorder, ours, processor, peer }: Check): Promise<boolean> {
  for (const [name, side] of Object.entries({ processor, ours, peer })) {
    if (side === undefined) continue;
    try {
      const greeting = await side.greeting();
      recorder.keep('side', { side: name, ...greeting });
      recorder.say(`${name}: ${JSON.stringify(greeting)}`);
    } catch (thrown) {
      if (name !== 'ours') throw thrown;
      const said = scriptOutput('diagnose');
      recorder.keep('failure', { what: 'WebGPU', reason: messageOf(thrown), said });
      recorder.say(`${messageOf(thrown)}\n${said}`);
      return false;
    }
  }
  return true;
}

async function runCheck(check: Check): Promise<void> {
  const { options, recorder, peer, attempt } = check;
  const opened = await attempt('images and networks', 90, async () => {
    await openSubject(check);
    return startSides(check);
  });
  if (!opened) return;
  const rows = rowsAt(options.size);
  const only = (group: Row['group']): readonly Row[] => rows.filter((row) => row.group === group);
  const isAsked = (part: Part): boolean => options.only.includes(part);
  if (isAsked('steps')) {
    await compareAll(check, only('step').slice(0, 4));
    await measureSteps(check);
  }
  if (isAsked('methods')) await compareAll(check, [...only('method'), ...only('curve')]);
  if (!isAsked('times')) return;
  const tuning = await tune(check);
  if (peer !== undefined) {
    const precision = await peer.setPrecision(true);
    recorder.say(`Captum with TF32 in convolutions, as PyTorch comes: ${JSON.stringify(precision)}`);
  }
  const order = [...byWeight(only('method')), ...only('curve'), ...byWeight(only('sensitivity'))];
  const measured = await measureRows(check, order, tuning);
  const text = summary(measured, methods, peer === undefined ? 'the processor' : 'Captum');
  writeFileSync(join(options.out, 'summary.md'), text);
  recorder.say(`summary.md:\n${text}`);
}

runCommand(async (argv) => {
  const options = parseCheckOptions(argv);
  if (options === undefined) {
    console.log(checkUsage);
    return 0;
  }
  const folder = await mkdtemp(join(tmpdir(), 'landlens-gpu-'));
  const { captum, ...check } = createCheck(options, folder, Math.floor(0.9 * (await availableMemory())));
  try {
    tellFacts(check);
    listEngines(check);
    const greeting = await check.attempt('PyTorch and Captum', 90, () => captum.greeting());
    await runCheck({ ...check, ...(greeting && { peer: captum }) });
    return 0;
  } finally {
    for (const side of [check.ours, check.processor, captum]) side.end();
    await rm(folder, { recursive: true, force: true });
  }
});
