/** The options that several commands have, with one meaning, one default and one check each. */
import { join } from 'node:path';
import { methods } from '../attribution/methods.js';
import { datasetForms, parseDataset } from '../dataset/openDataset.js';
import { splitsInOrder } from '../dataset/splitNames.js';
import { defaultEngine, engineNames, parseEngine } from '../engine/engines.js';
import { projectFolder } from '../io/projectFolder.js';
import { defaultModel } from '../model/defaultModel.js';
import { largestSeed } from '../random.js';
import { presetNames } from '../study/presets.js';
import { invalid, list, oneOf, option, path, text, wholeNumber } from './option.js';

export const dataset = option('<data set>', datasetForms, (given) => parseDataset(given), 'scenes');

export const split = option('<name>', splitsInOrder.join(', '), oneOf(splitsInOrder));

export const model = option(
  '<file>',
  'classifier: .onnx, .safetensors (DenseNet, ResNet) or the model.json of TensorFlow.js',
  path,
  defaultModel,
);

export const images = option(
  '<count>',
  'number of images, in a seeded order',
  wholeNumber(1, 1_000_000),
  '8',
);

const ids = methods.map(({ id }) => id);

/** In the order of the registry, whatever the order they are given in. */
export const methodIds = option('<id,id,...>', `methods (default: all): ${ids.join(' ')}`, (given, name) => {
  const chosen = given.split(',').map((id) => id.trim());
  const unknown = chosen.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw invalid(name, `ids among ${ids.join(', ')}, separated by commas`, unknown);
  return ids.filter((id) => chosen.includes(id));
});

export const preset = option(
  '<name>',
  `parameters of methods and metrics: ${presetNames.join(', ')}`,
  oneOf(presetNames),
  'quick',
);

export const engine = option(
  '<name>',
  `${engineNames.join(', ')}; "landlens engines" says which work here`,
  (given) => parseEngine(given),
  defaultEngine,
);

export const seed = option('<number>', 'seed of every random number', wholeNumber(0, largestSeed), '0');

export const statistics = option(
  '<file>',
  'band statistics to divide by (default: published ones, or those beside the data)',
  path,
);

export const classes = list('<name>', 'class to explain', text);

/** The folder of a command's results, below the project by default. */
export const out = (name: string) =>
  option('<folder>', 'where the results go', path, join(projectFolder, 'results', name));
