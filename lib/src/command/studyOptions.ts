/** The options of `reproduce`, and the study that they ask for. */
import { methods, type Preset } from '../attribution/methods.js';
import { type DatasetChoice, folderKinds } from '../dataset/openDataset.js';
import type { EngineName } from '../engine/engines.js';
import { defaultResults } from '../study/defaultResults.js';
import { outcomeNames, outcomes, type Selection } from '../study/selection.js';
import { oneOf, option, path, text, type Values, withDefault } from './option.js';
import { dataset, engine, images, methodIds, model, preset, seed, split } from './sharedOptions.js';

export interface StudyOptions {
  readonly dataset: DatasetChoice;
  /** Which images. */
  readonly selection: Selection;
  /** Path of the network's file. */
  readonly model: string;
  readonly images: number;
  /** Method ids, in the order of the registry. */
  readonly methods: readonly string[];
  readonly preset: Preset;
  readonly engine: EngineName;
  readonly seed: number;
  /** Folder of the results. */
  readonly out: string;
}

const outcomeText = outcomeNames.map((name) => `${name}: ${outcomes[name]}`).join('\n');

export const studyCommand = {
  name: 'reproduce',
  about:
    'Explains images of a data set with every method and measures the explanations as the paper does. Stop it at any time with ' +
    'Ctrl+C; rerun to resume.',
  options: {
    dataset: {
      ...dataset,
      about: `scenes (rendered, not real imagery) or ${folderKinds.join(', ')}:<folder>`,
    },
    split: withDefault(split, 'test'),
    class: option('<name>', 'only images labelled with this class, which is then explained', text),
    outcome: option(
      '<outcome>',
      `only images for which the network's answer is one of these:\n${outcomeText}`,
      oneOf(outcomeNames),
    ),
    model,
    images,
    methods: methodIds,
    preset,
    engine,
    seed,
    out: option(
      '<folder>',
      'where the results go (default: results/reproduce-<data set>-<preset>, with -<engine> where that is not cpu)',
      path,
    ),
  },
};

/** The study that the values of the command's options ask for. */
export function studyOptionsOf(values: Values<typeof studyCommand.options>): StudyOptions {
  const { dataset, split, class: className, outcome, model, images, preset, engine, seed } = values;
  return {
    ...{ dataset, model, images, preset, engine, seed },
    selection: {
      split,
      ...(className !== undefined && { className }),
      ...(outcome !== undefined && { outcome }),
    },
    methods: values.methods ?? methods.map(({ id }) => id),
    out: values.out ?? defaultResults(dataset.kind, preset, engine),
  };
}
