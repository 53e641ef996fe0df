/** A progress bar on one line, with the time that is left estimated from the cost and the measured time of each kind of step. */
import { oneLine } from '../text.js';
import { createStatusLine, type TerminalStream } from './statusLine.js';

export interface Progress {
  /** One step of a kind (a method's id) starts. */
  start(kind: string, label: string): void;
  /** The step that started last is done. */
  done(): void;
  /** Leaves the line. */
  finish(): void;
}

export interface ProgressOptions {
  readonly stream?: TerminalStream;
  /** Milliseconds. */
  readonly now?: () => number;
  /** Milliseconds between two lines where the stream is not a terminal. */
  readonly interval?: number;
  /** What a step of a kind costs compared with the others, in any unit. Default: 1 each. */
  readonly cost?: (kind: string) => number;
}

/** Makes the progress over steps, given the kind of each. */
export type CreateProgress = (steps: readonly string[], options?: Pick<ProgressOptions, 'cost'>) => Progress;

const width = 24;

/** A bar of a share from 0 to 1. */
export const progressBar = (share: number): string =>
  '█'.repeat(Math.round(share * width)).padEnd(width, '░');

/** `steps` holds the kind of every step to come, in any order. */
export function createProgress(
  steps: readonly string[],
  { stream = process.stderr, now = Date.now, interval = 10_000, cost = () => 1 }: ProgressOptions = {},
): Progress {
  const toCome = new Map<string, number>();
  for (const kind of steps) toCome.set(kind, (toCome.get(kind) ?? 0) + 1);
  const taken = new Map<string, { total: number; count: number }>();
  const whole = costOf(toCome, cost);
  let finished = 0;
  let current: { kind: string; label: string; since: number } | undefined;
  let lastLine = Number.NEGATIVE_INFINITY;
  const line = createStatusLine(stream);

  const show = (): void => {
    if (current === undefined) return;
    const share = whole === 0 ? 1 : 1 - costOf(toCome, cost) / whole;
    const estimate = remaining(toCome, taken, cost);
    const count = `${finished}/${steps.length}`;
    const left = estimate === undefined ? '' : `  about ${duration(estimate)} left`;
    const text = `${progressBar(share)} ${count}  ${current.label}${left}`;
    if (stream.isTTY) {
      line.show(text, `${count}  ${current.label}${left}`, `${count}  ${current.label}`);
    } else if (now() - lastLine >= interval) {
      stream.write(`${oneLine(text)}\n`);
      lastLine = now();
    }
  };
  return {
    start(kind, label) {
      current = { kind, label, since: now() };
      show();
    },
    done() {
      if (current === undefined) return;
      const { kind, since } = current;
      const { total, count } = taken.get(kind) ?? { total: 0, count: 0 };
      taken.set(kind, { total: total + now() - since, count: count + 1 });
      toCome.set(kind, (toCome.get(kind) ?? 1) - 1);
      finished++;
      show();
    },
    finish() {
      line.finish();
      current = undefined;
    },
  };
}

const costOf = (steps: ReadonlyMap<string, number>, cost: (kind: string) => number): number =>
  [...steps].reduce((sum, [kind, count]) => sum + count * cost(kind), 0);

/** Milliseconds: each kind at its own mean, a kind not yet seen by its cost, at the pace of those that were. */
function remaining(
  left: ReadonlyMap<string, number>,
  taken: ReadonlyMap<string, { total: number; count: number }>,
  cost: (kind: string) => number,
): number | undefined {
  const steps = [...left.values()].reduce((sum, count) => sum + count, 0);
  if (taken.size === 0 || steps === 0) return undefined;
  const means = new Map([...taken].map(([kind, { total, count }]) => [kind, total / count]));
  const seen = new Map([...taken.keys()].map((kind) => [kind, 1]));
  const pace = [...means.values()].reduce((sum, mean) => sum + mean, 0) / costOf(seen, cost);
  return [...left].reduce((sum, [kind, count]) => sum + count * (means.get(kind) ?? pace * cost(kind)), 0);
}

/** For example "45 s", "12 min", "3 h 05 min". */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
