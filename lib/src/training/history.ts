/** The history of a training, as a JSON file beside the trained model. */

import { failAt, messageOf } from '../error.js';
import { readIfPresent } from '../io/boundedFile.js';
import { writeFileAtomic } from '../io/file.js';
import { fieldsOf, parseJson } from '../io/json.js';
import { type Check, isHistory } from './checkpoint.js';
import { isRecipe, type Recipe } from './recipe.js';

/** A recipe and the validation results of its training. */
export interface TrainingHistory {
  readonly recipe: Recipe;
  /** In the order of training; losses are mean binary cross-entropies, `images` and `seconds` count from its start. */
  readonly history: readonly Check[];
}

/** net.onnx has its history in net.training.json. */
export const trainingHistoryPath = (model: string): string =>
  `${model.replace(/\.onnx$/i, '')}.training.json`;

/** Writes the history beside the model file, one check a line; returns its path. */
export async function writeTrainingHistory(
  model: string,
  { recipe, history }: TrainingHistory,
): Promise<string> {
  const path = trainingHistoryPath(model);
  const lines = history.map((check) => `    ${JSON.stringify(check)}`).join(',\n');
  const text = `{\n  "recipe": ${JSON.stringify(recipe)},\n  "history": [\n${lines}\n  ]\n}\n`;
  await writeFileAtomic(path, text);
  return path;
}

/**
 * The training history beside the ONNX file `model`, or undefined if there is none.
 * @throws InputError if the file cannot be read or is not a training history
 */
export async function readTrainingHistory(model: string): Promise<TrainingHistory | undefined> {
  const where = trainingHistoryPath(model);
  const todo = 'Train the model again, or delete the file.';
  const bytes = await readIfPresent(where, { maximumBytes: 2 ** 28, todo });
  if (bytes === undefined) return undefined;
  const fail = failAt(where, todo);
  let content: unknown;
  try {
    content = parseJson(bytes);
  } catch (thrown) {
    throw fail(`is not JSON: ${messageOf(thrown)}`);
  }
  const { recipe, history } = fieldsOf(content);
  if (isRecipe(recipe) && isHistory(history)) return { recipe, history };
  throw fail(
    'is not a training history',
    '{recipe, history: [{images, phase, trainingLoss, validationLoss, …}]}',
  );
}
