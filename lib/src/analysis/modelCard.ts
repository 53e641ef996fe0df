/** The model card: what a trained classifier is, how good it is, and what it wrongly learned, all measured from its file. */
import { scenes } from '../dataset/scenes.js';
import type { Engine } from '../engine/engine.js';
import { versionsOf } from '../engine/versions.js';
import { writeFileAtomic } from '../io/file.js';
import { openClassifier } from '../model/classifierFile.js';
import { markdownText } from '../text.js';
import type { Check } from '../training/checkpoint.js';
import { type Recipe, stepsOf } from '../training/recipe.js';
import { evaluate } from './evaluate.js';
import { summariseMissingLabels } from './missingLabels.js';
import { measurePlantedBiases } from './plantedBiases.js';
import { scoreImages } from './scoredImages.js';

export interface CardOptions {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly history: readonly Check[];
  readonly seed: number;
}

const share = (value: number): string => value.toFixed(3);
const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;

const table = (head: readonly string[], body: readonly (readonly string[])[]): string[] =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...body].map((cells) => `| ${cells.join(' | ')} |`);

/** Scores the test split of `scenes` and writes the card next to the model file; returns its path. */
export async function writeModelCard(
  file: string,
  { engine, recipe, history, seed }: CardOptions,
): Promise<string> {
  const classifier = await openClassifier(file, { engine });
  const dataset = scenes({ seed, size: classifier.size[0] });
  const count = dataset.count('test');
  const scored = await scoreImages(dataset, classifier);
  const { metrics, classes } = evaluate(scored);
  const biases = await measurePlantedBiases(classifier, { seed });
  const missing = summariseMissingLabels(scored);

  const lines = [
    `# ${markdownText(classifier.name)} on scenes`,
    '',
    `The default classifier of landlens. It was trained on \`scenes\`, a data set of **rendered patches, not real imagery**, and is for studying explanations, not for mapping land cover.`,
    '',
    `- File: ${markdownText(file.split(/[\\/]/).at(-1) ?? file)}, sha256 ${classifier.hash}… (first 16 digits), weights stored in half precision.`,
    `- Input: ${classifier.bands.length} Sentinel-2 L2A bands (${classifier.bands.join(', ')}), ${classifier.size.join(' x ')} pixels of 10 m, reflectance x 10,000, normalised per band by the mean and deviation in the file.`,
    `- Output: logits of ${classifier.classes.length} classes, named as in BigEarthNet-19; scores are their sigmoids.`,
    `- Data: \`scenes\`, seed ${seed}; ${dataset.count('train')} training, ${dataset.count('validation')} validation and ${count} test images.`,
    `- Recipe (\`npm run train\`): ${recipe.phases.map((phase) => `${stepsOf(phase) * phase.batch} images of ${phase.size} x ${phase.size} pixels in batches of ${phase.batch}`).join(', then ')}; Adam, largest step ${recipe.rate} after a warm-up of ${percent(recipe.warmUp)}, then a half cosine to zero; flips and right-angle rotations; binary cross-entropy; seed ${recipe.seed}.`,
    `- Trained by landlens alone in ${((history.at(-1)?.seconds ?? 0) / 60).toFixed(0)} minutes on ${engine.threads} threads (${Object.entries(
      versionsOf(engine),
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}).`,
    '',
    '## Test split',
    '',
    `Micro F1 **${share(metrics.micro.f1)}**, macro F1 ${share(metrics.macro.f1)}, precision ${share(metrics.micro.precision)}, recall ${share(metrics.micro.recall)} (micro), Hamming loss ${metrics.hammingLoss.toFixed(4)}, one error ${metrics.oneError.toFixed(4)}, ranking loss ${metrics.rankingLoss.toFixed(4)}, coverage error ${metrics.coverageError.toFixed(2)}.`,
    '',
    ...table(
      ['class', 'F1', 'precision', 'recall', 'images'],
      metrics.perClass.map(({ f1, precision, recall, support }, i) => [
        classes[i],
        share(f1),
        share(precision),
        share(recall),
        String(support),
      ]),
    ),
    '',
    '## Planted biases',
    '',
    'The same test scenes rendered with and without the planted thing: mean score, and in brackets the share of images where the class is predicted.',
    '',
    ...table(
      ['planted', 'score of', 'among', 'images', 'without', 'with'],
      biases.map((effect) => [
        effect.bias,
        effect.scoreOf,
        effect.among,
        String(effect.images),
        `${share(effect.without)} (${percent(effect.predictedWithout)})`,
        `${share(effect.with)} (${percent(effect.predictedWith)})`,
      ]),
    ),
    '',
    'Missing labels: how often the class is predicted where it is shown but not labelled, and where it is not shown.',
    '',
    ...table(
      ['class', 'images without the label', 'predicted there', 'predicted where not shown'],
      missing.map((item) => [
        item.missing,
        String(item.images),
        percent(item.predicted),
        percent(item.predictedElsewhere),
      ]),
    ),
    '',
    '## Training',
    '',
    ...table(
      ['images', 'phase', 'training loss', 'validation loss', 'validation micro F1', 'minutes'],
      history.map((check) => [
        String(check.images),
        String(check.phase + 1),
        check.trainingLoss.toFixed(4),
        check.validationLoss.toFixed(4),
        share(check.validationMicroF1),
        (check.seconds / 60).toFixed(0),
      ]),
    ),
    '',
  ];
  const path = file.replace(/\.onnx$/, '.md');
  await writeFileAtomic(path, lines.join('\n'));
  await classifier.dispose();
  return path;
}
