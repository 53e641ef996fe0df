/** The options of `reproduce`, and the study that they ask for. */
import { methods } from '../attribution/methods.js';
import { folderKinds } from '../dataset/openDataset.js';
import { defaultResults } from '../study/defaultResults.js';
import { outcomeNames, outcomes, type Selection } from '../study/selection.js';
import { oneOf, option, path, text, type Values } from './option.js';
import { dataset, engine, images, methodIds, model, preset, seed, split } from './sharedOptions.js';

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
    split: { ...split, default: 'test' },
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

type Given = Values<typeof studyCommand.options>;

export interface StudyOptions
  extends Pick<Given, 'dataset' | 'model' | 'images' | 'preset' | 'engine' | 'seed'> {
  /** Which images. */
  readonly selection: Selection;
  /** Method ids, in the order of the registry. */
  readonly methods: readonly string[];
  /** Folder of the results. */
  readonly out: string;
}

/** The study that the values of the command's options ask for. */
export function studyOptionsOf(values: Given): StudyOptions {
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
