/** The model card: what a trained classifier is, how good it is, and what it wrongly learned, all measured from its file. */
import type { Dataset } from '../dataset/patch.js';
import { splitsInOrder } from '../dataset/splitNames.js';
import type { Engine } from '../engine/engine.js';
import { versionsOf } from '../engine/versions.js';
import { writeFileAtomic } from '../io/file.js';
import type { Classifier } from '../model/classifier.js';
import { openClassifier } from '../model/classifierFile.js';
import { markdownTable, markdownText } from '../text.js';
import type { Check } from '../training/checkpoint.js';
import { type Recipe, stepsOf } from '../training/recipe.js';
import { evaluate } from './evaluate.js';
import { type Comparison, measureBiases } from './plantedBiases.js';
import { type ScoredImages, scoreImages } from './scoredImages.js';

/** What a card is about, besides the network. */
export interface CardSubject {
  /** Whose test split is scored. */
  readonly dataset: Dataset;
  /** What the network is for, and what not; Markdown. */
  readonly about: string;
  /** What it is as data, for example "`scenes`, seed 0"; Markdown. */
  readonly data: string;
  /** What its classes are; Markdown. */
  readonly classes: string;
  /** What the bands are, for example "Sentinel-2 L2A bands". */
  readonly bands: string;
  readonly comparisons: readonly Comparison[];
  /** Further sections, from the scores of the test split; Markdown. */
  sections(classifier: Classifier, scored: ScoredImages): readonly string[] | Promise<readonly string[]>;
}

export interface CardOptions {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly history: readonly Check[];
  /** The weights that the training started from. */
  readonly initial?: string;
}

const share = (value: number): string => value.toFixed(3);
export const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;

/** Scores the test split and writes the card next to the model file; returns its path. */
export async function writeModelCard(
  file: string,
  { dataset, about, data, classes: ofClasses, bands, comparisons, sections }: CardSubject,
  { engine, recipe, history, initial }: CardOptions,
): Promise<string> {
  const classifier = await openClassifier(file, { engine });
  const scored = await scoreImages(dataset, classifier);
  const { metrics, classes } = evaluate(scored);
  const biases = await measureBiases(classifier, comparisons);
  const [train, validation, test] = splitsInOrder.map((split) => dataset.count(split));
  const versions = Object.entries(versionsOf(engine)).map(([name, version]) => `${name} ${version}`);

  const lines = [
    `# ${markdownText(classifier.name)} on ${markdownText(dataset.name)}`,
    '',
    about,
    '',
    `- File: ${markdownText(file.split(/[\\/]/).at(-1) ?? file)}, sha256 ${classifier.hash}… (first 16 digits), weights stored in half precision.`,
    `- Input: ${classifier.bands.length} ${bands} (${classifier.bands.join(', ')}), ${classifier.size.join(' x ')} pixels of 10 m, ${dataset.units}, normalised per band by the mean and deviation in the file.`,
    `- Output: logits of ${classifier.classes.length} classes${ofClasses}; scores are their sigmoids.`,
    `- Data: ${data}; ${train} training, ${validation} validation and ${test} test images.`,
    `- Recipe (\`npm run train\`): ${recipe.phases.map((phase) => `${stepsOf(phase) * phase.batch} images of ${phase.size} x ${phase.size} pixels in batches of ${phase.batch}`).join(', then ')}; Adam, largest step ${recipe.rate} after a warm-up of ${percent(recipe.warmUp)}, then a half cosine to zero; flips and right-angle rotations; binary cross-entropy; seed ${recipe.seed}${initial === undefined ? '' : `; starts from ${markdownText(initial)}`}.`,
    `- Trained by landlens alone in ${((history.at(-1)?.seconds ?? 0) / 60).toFixed(0)} minutes on ${engine.threads} threads (${versions.join(', ')}).`,
    '',
    '## Test split',
    '',
    `Micro F1 **${share(metrics.micro.f1)}**, macro F1 ${share(metrics.macro.f1)}, precision ${share(metrics.micro.precision)}, recall ${share(metrics.micro.recall)} (micro), Hamming loss ${metrics.hammingLoss.toFixed(4)}, one error ${metrics.oneError.toFixed(4)}, ranking loss ${metrics.rankingLoss.toFixed(4)}, coverage error ${metrics.coverageError.toFixed(2)}.`,
    '',
    ...markdownTable(
      ['class', 'F1', 'precision', 'recall', 'images'],
      metrics.perClass.map(({ f1, precision, recall, support }, i) => [
        markdownText(classes[i]),
        share(f1),
        share(precision),
        share(recall),
        String(support),
      ]),
    ),
    '',
    '## Planted biases',
    '',
    'The same test images without and with the planted thing: mean score, and in brackets the share of images where the class is predicted.',
    '',
    ...markdownTable(
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
    ...(await sections(classifier, scored)),
    '## Training',
    '',
    ...markdownTable(
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
