/** The command line of the check. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InputError, messageOf } from 'landlens/error';
import { type NetworkName, networkNames } from '../task.js';

/** What can be done: forward passes and gradients (agreement and times), methods (agreement), times of the methods. */
const parts = ['steps', 'methods', 'times'] as const;
export type Part = (typeof parts)[number];

export interface CheckOptions {
  readonly out: string;
  readonly network: NetworkName;
  /** Of the images, in pixels. */
  readonly size: number;
  readonly only: readonly Part[];
  /** For everything; what would take longer is left out, and said. */
  readonly seconds: number;
  /** The engine of landlens that is checked against `cpu`. */
  readonly engine: string;
  readonly python: string;
  readonly threads: number;
  /** Timings of each row: the fewest, and the most where they are short. */
  readonly rounds: readonly [number, number];
  /** Images of a pass, for the steps. */
  readonly batches: readonly number[];
  /** Images of a pass, among which the peer's best is found. */
  readonly peerBatches: readonly number[];
}

export const checkUsage = `Usage: run.sh OUT [options]
Checks landlens on this machine's GPU, and measures it beside PyTorch and Captum on the same GPU. What is found is
written into the folder OUT at once: log.txt for people, results.jsonl for programs, summary.md at the end.

  --network <${networkNames.join(' or ')}>   default densenet121
  --size <pixels>                     side of the images, default 120
  --seconds <seconds>                 for everything, default 270
  --only <${parts.join(',')}>        what to do, default all
  --engine <webgpu or cpu>            what is checked, default webgpu
  --python <program>                  the Python that has PyTorch, default python3
  --threads <count>                   of the processor, default all cores
  --trial                             few rounds and small batches: a trial of the check itself`;

/** @throws InputError for anything that is not valid; undefined for --help */
export function parseCheckOptions(argv: readonly string[]): CheckOptions | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ network: text, size: text, seconds: text, engine: text, python: text, threads: text, only: text },
    ...{ trial: flag, help: flag },
  };
  const fail = (what: string): InputError =>
    new InputError({ what, where: 'command line', todo: 'See run.sh --help.' });
  const parse = () => {
    try {
      return parseArgs({ args: [...argv], options, allowPositionals: true });
    } catch (thrown) {
      throw fail(messageOf(thrown).split(/\n|\. To specify/)[0]);
    }
  };
  const {
    values: { help, trial = false, ...values },
    positionals: [out, ...rest],
  } = parse();
  if (help) return undefined;
  if (out === undefined || rest.length > 0) throw fail('not one folder for the results');
  const whole = (name: 'size' | 'seconds' | 'threads', fallback: number, least: number): number => {
    const given = values[name];
    if (given === undefined) return fallback;
    if (/^\d{1,6}$/.test(given) && Number(given) >= least) return Number(given);
    throw fail(`--${name} is not a whole number from ${least}: "${given}"`);
  };
  const { network = 'densenet121', engine = 'webgpu', python = 'python3' } = values;
  const known = networkNames.find((name) => name === network);
  if (known === undefined) throw fail(`--network is not ${networkNames.join(' or ')}: "${network}"`);
  const only = (values.only?.split(',') ?? parts).map((word) => {
    const part = parts.find((one) => one === word);
    if (part === undefined) throw fail(`--only has none of ${parts.join(', ')}: "${word}"`);
    return part;
  });
  return {
    ...{ only, out: resolve(out), network: known, engine, python },
    size: whole('size', 120, 32),
    seconds: whole('seconds', 270, 10),
    threads: whole('threads', availableParallelism(), 1),
    rounds: trial ? [2, 2] : [5, 9],
    batches: trial ? [1, 2] : [1, 16, 64],
    peerBatches: trial ? [4, 8] : [32, 64, 128, 256, 512],
  };
}
