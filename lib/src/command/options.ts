/** The command line of `npm run reproduce`. */
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Preset } from '../attribution/methods.js';
import { type DatasetChoice, folderKinds, parseDataset } from '../dataset/openDataset.js';
import { splitsInOrder } from '../dataset/splitNames.js';
import { defaultEngine, type EngineName, parseEngine } from '../engine/engines.js';
import { InputError, messageOf } from '../error.js';
import { defaultModel } from '../model/defaultModel.js';
import { repositoryRoot } from '../repository/places.js';
import { presetNames } from '../study/presets.js';
import { outcomeNames, outcomes, type Selection } from '../study/selection.js';
import { engineHelp, parseSeed } from './commandLine.js';

/** Where a study is recorded unless told otherwise; the notebooks look there too. */
export function defaultResults(
  dataset: DatasetChoice['kind'],
  preset: Preset,
  engine: EngineName = defaultEngine,
): string {
  const suffix = engine === defaultEngine ? '' : `-${engine}`;
  return join(repositoryRoot, 'results', `reproduce-${dataset}-${preset}${suffix}`);
}

export interface StudyOptions {
  readonly dataset: DatasetChoice;
  /** Which images. */
  readonly selection: Selection;
  /** Path of the ONNX file. */
  readonly model: string;
  readonly images: number;
  /** Method ids, in the order of the registry. */
  readonly methods: readonly string[];
  readonly preset: Preset;
  readonly engine: EngineName;
  readonly seed: number;
  /** Folder of the results. */
  readonly out: string;
  /** Whether the notebooks are executed at the end. */
  readonly notebooks: boolean;
}

const names = [
  'dataset',
  'split',
  'class',
  'outcome',
  'model',
  'images',
  'methods',
  'preset',
  'engine',
  'seed',
  'out',
] as const;
type Name = (typeof names)[number];

/** The text of `--help`. */
export function usage(methods: readonly string[]): string {
  return `Usage: npm run reproduce -- [options]
Explains images of a data set with every method and measures the explanations as the paper does.
Stop it at any time with Ctrl+C; the same command continues where it stopped.

  --dataset scenes | <kind>:<folder>        images to explain (default scenes: rendered, not real imagery);
                                            kinds: ${folderKinds.join(', ')}
  --split train | validation | test         where they are from (default test); lists in the folder decide it
  --class <name>                            only images labelled with this class, which is then explained
  --outcome <outcome>                       only images for which the model's answer is one of these:
${outcomeNames.map((name) => `                                              ${name.padEnd(16)}${outcomes[name]}`).join('\n')}
  --model <file>                            classifier: .onnx, .safetensors (DenseNet, ResNet) or the model.json of
                                            TensorFlow.js (default ${relative(process.cwd(), defaultModel)})
  --images <count>                          number of images, in a seeded order (default 8)
  --methods <id,id,...>                     methods (default all):
${wrap(methods, 60)
  .map((line) => `                                              ${line}`)
  .join('\n')}
  --preset quick | paper                    parameters of methods and metrics (default quick)
  ${engineHelp(42)}
  --seed <number>                           seed of every random number (default 0)
  --out <folder>                            results (default results/reproduce-<dataset>-<preset>,
                                            with -<engine> where that is not cpu)
  --no-notebooks                            the study alone: executes no notebook at the end
  --help                                    this text`;
}

function wrap(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + word.length > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : `,${word}`;
  }
  return [...lines, line];
}

/** Reads the arguments; undefined for `--help`. InputError for anything that is not valid. */
export function parseOptions(argv: readonly string[], methods: readonly string[]): StudyOptions | undefined {
  const parsed = parseValues(argv);
  if (parsed === undefined) return undefined;
  const { values, notebooks } = parsed;
  const dataset = parseDataset(values.dataset ?? 'scenes');
  const preset = presetNames.find((name) => name === (values.preset ?? 'quick'));
  if (preset === undefined) throw invalid('preset', presetNames.join(' or '), values.preset);
  const engine = parseEngine(values.engine ?? defaultEngine);
  return {
    dataset,
    selection: parseSelection(values),
    preset,
    engine,
    model: resolve(values.model ?? defaultModel),
    images: parseWhole('images', values.images ?? '8', 1, 1_000_000),
    seed: parseSeed(values.seed ?? '0'),
    methods: parseMethods(values.methods, methods),
    out: resolve(values.out ?? defaultResults(dataset.kind, preset, engine)),
    notebooks,
  };
}

interface ParsedArguments {
  readonly values: Readonly<Partial<Record<Name, string>>>;
  readonly notebooks: boolean;
}

function parseValues(argv: readonly string[]): ParsedArguments | undefined {
  const text = { type: 'string', multiple: true } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...{ dataset: text, split: text, class: text, outcome: text, model: text, images: text },
        ...{ methods: text, preset: text, engine: text, seed: text, out: text },
        'no-notebooks': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return undefined;
    const pairs = names.map((name) => [name, values[name]] as const);
    for (const [name, given] of pairs) {
      if ((given?.length ?? 0) > 1) throw invalid(name, 'the option once', `it ${given?.length} times`);
      if (given?.[0].trim() === '') throw invalid(name, 'a value', 'an empty one');
    }
    const given = Object.fromEntries(pairs.map(([name, texts]) => [name, texts?.[0]]));
    return { values: given, notebooks: values['no-notebooks'] !== true };
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    throw new InputError({
      what: messageOf(thrown)
        .split(/\n|\. To specify/)[0]
        .replace(/\.$/, ''),
      where: 'command line',
      expected: [...names, 'no-notebooks', 'help'].map((name) => `--${name}`).join(', '),
      todo: 'See npm run reproduce -- --help.',
    });
  }
}

function invalid(name: Name, expected: string, got = 'nothing'): InputError {
  return new InputError({ what: 'not a valid value', where: `--${name}`, expected, got });
}

function parseSelection(values: Readonly<Partial<Record<Name, string>>>): Selection {
  const { split: splitText = 'test', class: className, outcome: outcomeText } = values;
  const split = splitsInOrder.find((known) => known === splitText);
  if (split === undefined) throw invalid('split', splitsInOrder.join(' or '), `"${splitText}"`);
  const outcome = outcomeNames.find((known) => known === outcomeText);
  if (outcomeText !== undefined && outcome === undefined) {
    throw invalid('outcome', outcomeNames.join(' or '), `"${outcomeText}"`);
  }
  return { split, ...(className !== undefined && { className }), ...(outcome !== undefined && { outcome }) };
}

function parseWhole(name: Name, value: string, lowest: number, highest: number): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= lowest && number <= highest) return number;
  throw invalid(name, `a whole number from ${lowest} to ${highest}`, `"${value}"`);
}

function parseMethods(value: string | undefined, known: readonly string[]): readonly string[] {
  if (value === undefined) return known;
  const chosen = value.split(',').map((id) => id.trim());
  const unknown = chosen.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw invalid('methods', `ids among ${known.join(', ')}, separated by commas`, `"${unknown}"`);
  return known.filter((id) => chosen.includes(id));
}
