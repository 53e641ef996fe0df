/** The command line of `npm run bench`. */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { methods } from 'landlens/attribution/methods';
import { InputError, messageOf } from 'landlens/error';
import { repositoryRoot } from '../tools/repositoryRoot.js';
import type { Effort } from './measureRow.js';
import { rowIds } from './rows.js';
import { benchmarkNetworks, type NetworkName } from './task.js';

export type BenchPreset = 'default' | 'quick' | 'full';

export interface BenchOptions {
  readonly preset: BenchPreset;
  readonly networks: readonly NetworkName[];
  /** Of the images, in pixels. */
  readonly sides: readonly number[];
  /** Row ids; `growth` among them stands for the tables of growth. */
  readonly only: readonly string[];
  readonly effort: Effort;
  /** The fewest timings of each column. */
  readonly rounds: number;
  readonly threads: number;
  /** GiB that the peer's process may take; undefined for most of what is free. */
  readonly memory?: number;
  /** Whether an unfinished record of the same code and options is left aside. */
  readonly fresh: boolean;
  /** Folder of the results. */
  readonly out: string;
}

export const growthId = 'growth';

/** What may stand for several rows. */
const groups: Readonly<Record<string, (id: string) => boolean>> = {
  steps: (id) => /^(forward|gradient|training)-/.test(id),
  methods: (id) => methods.some((method) => method.id === id),
  'table-3': (id) => /^sensitivity-|^morf$/.test(id),
  'same-error': (id) => id.startsWith('same-error-'),
};

const everyRow = [...rowIds, growthId];

type Preset = Pick<BenchOptions, 'networks' | 'sides'> & { readonly effort: Omit<Effort, 'rounds'> };

const presets: Readonly<Record<BenchPreset, Preset>> = {
  default: { networks: benchmarkNetworks, sides: [120], effort: { budget: 1, rowBudget: 6 } },
  quick: { networks: ['densenet121'], sides: [120], effort: { budget: 0.5, rowBudget: 3, rowLimit: 15 } },
  full: { networks: benchmarkNetworks, sides: [120, 256], effort: { budget: Infinity, rowBudget: 60 } },
};

/** A verdict needs so many rounds: the least and the most of five hold their median at 93.75 %. */
const defaultRounds = 5;
/** Rounds of rows that take little time. */
const mostRounds = 15;

export const benchUsage = `Usage: npm run bench -- [options]
Measures landlens beside PyTorch and Captum on this machine, with the same weights, images and parameters, and writes
tables into results/bench. The first run installs PyTorch and Captum into .venv-bench (Python 3.11 or later, 1.3 GB).
Let nothing else run meanwhile. Stop it at any time with Ctrl+C: the same command continues where it stopped.

  --quick                           DenseNet-121 at 120 x 120, half an hour: fewer samples, and too few rounds of the
                                    dearest rows for a verdict
  --full                            nothing is scaled from fewer samples: hours
  --network <${benchmarkNetworks.join(',')}>    default both
  --side <120,256>                  sides of the images in pixels, default 120; any from 48 to 512
  --only <id,id,...>                what to measure: ${Object.keys(groups).join(', ')}, ${growthId}, or ids of rows: a method's,
                                    sensitivity-METHOD, ${rowIds.filter((id) => groups.steps(id)).join(', ')}, morf
  --rounds <count>                  timings of each side, in turns, default ${defaultRounds} (up to ${mostRounds} where they are short); goals
                                    stay undecided with fewer than ${defaultRounds}
  --threads <count>                 threads of both sides, default all cores
  --memory <GiB>                    what the peer's process may take, default 90 % of what is free
  --fresh                           do not continue a run that was stopped
  --out <folder>                    results, default results/bench
  --help                            this text`;

const invalid = (name: string, expected: string, got: string): InputError =>
  new InputError({ what: 'not a valid value', where: `--${name}`, expected, got: `"${got}"` });

function parseArguments(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        ...{ network: text, side: text, only: text, rounds: text, threads: text, memory: text, out: text },
        ...{ quick: flag, full: flag, fresh: flag, help: flag },
      },
    }).values;
  } catch (thrown) {
    throw new InputError({
      what: messageOf(thrown)
        .split(/\n|\. To specify/)[0]
        .replace(/\.$/, ''),
      where: 'command line',
      todo: 'See npm run bench -- --help.',
    });
  }
}

/** The known words that a list asks for, in their own order. */
function parseList<Word extends string>(
  name: string,
  value: string | undefined,
  known: readonly Word[],
  groupsOfWords: Readonly<Record<string, (word: Word) => boolean>> = {},
): readonly Word[] | undefined {
  if (value === undefined) return undefined;
  const asked = value.split(',').map((word) => word.trim());
  const chosen = asked.flatMap((word) => {
    const found = known.filter(groupsOfWords[word] ?? ((other) => other === word));
    if (found.length > 0) return found;
    throw invalid(name, `some of ${[...Object.keys(groupsOfWords), ...known].join(', ')}`, word);
  });
  return known.filter((word) => chosen.includes(word));
}

function parseWhole(name: string, value: string, lowest: number, highest: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= lowest && number <= highest) return number;
  throw invalid(name, `a whole number from ${lowest} to ${highest}`, value);
}

/** Reads the arguments; undefined for `--help`. InputError for anything that is not valid. */
export function parseBenchOptions(argv: readonly string[]): BenchOptions | undefined {
  const { quick = false, full = false, fresh = false, help = false, ...values } = parseArguments(argv);
  const { memory, threads, out } = values;
  if (help) return undefined;
  if (quick && full) {
    throw new InputError({ what: 'two presets at a time', where: '--quick, --full', todo: 'Choose one.' });
  }
  const preset = quick ? 'quick' : full ? 'full' : 'default';
  const { effort, networks, sides } = presets[preset];
  const rounds = values.rounds === undefined ? defaultRounds : parseWhole('rounds', values.rounds, 1, 999);
  const asked = values.side?.split(',').map((text) => parseWhole('side', text.trim(), 48, 512));
  return {
    ...{ preset, rounds, fresh },
    effort: { ...effort, rounds: [rounds, Math.max(rounds, mostRounds)] },
    networks: parseList('network', values.network, benchmarkNetworks) ?? networks,
    sides: asked === undefined ? sides : [...new Set(asked)],
    only: parseList('only', values.only, everyRow, groups) ?? everyRow,
    threads: threads === undefined ? availableParallelism() : parseWhole('threads', threads, 1, 1024),
    ...(memory !== undefined && { memory: parseWhole('memory', memory, 2, 100_000) }),
    out: out === undefined ? join(repositoryRoot, 'results/bench') : resolve(out),
  };
}

/** Whether all that the preset stands for is measured, often enough for verdicts. */
export const hasWholePreset = ({ preset, networks, sides, only, rounds }: BenchOptions): boolean =>
  presets[preset].networks.every((network) => networks.includes(network)) &&
  presets[preset].sides.every((side) => sides.includes(side)) &&
  only.length === everyRow.length &&
  rounds >= defaultRounds;
