/** `npm run train`: trains a classifier and writes its ONNX file, its history with curves, and what it is worth. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { mosaicSubject, sceneSubject } from '../analysis/cardSubjects.js';
import { evaluate } from '../analysis/evaluate.js';
import { type CardSubject, writeModelCard } from '../analysis/modelCard.js';
import { scoreImages } from '../analysis/scoredImages.js';
import { openEuroSat } from '../dataset/euroSat.js';
import { openDataset } from '../dataset/openDataset.js';
import type { Dataset } from '../dataset/patch.js';
import { scenes } from '../dataset/scenes.js';
import type { Engine } from '../engine/engine.js';
import { openEngine } from '../engine/engines.js';
import { failAt } from '../error.js';
import { renderPng } from '../figure/staticImage.js';
import { trainingCurves } from '../figure/trainingCurves.js';
import { writeFileAtomic } from '../io/file.js';
import { safeFileName } from '../io/fileName.js';
import { withLock } from '../io/lock.js';
import { duration } from '../io/progress.js';
import { createStatusLine } from '../io/statusLine.js';
import type { Architecture } from '../model/architecture.js';
import { encodeClassifier, openClassifier } from '../model/classifierFile.js';
import { denseNet121 } from '../model/denseNet.js';
import { resNet50 } from '../model/resNet.js';
import { oneLine } from '../text.js';
import type { Check } from '../training/checkpoint.js';
import { type FitProgress, fit } from '../training/fit.js';
import { type TrainingHistory, trainingHistoryPath, writeTrainingHistory } from '../training/history.js';
import { readClassNames, readWeights, transferWeights } from '../training/pretrained.js';
import { cosineRecipe, paperRecipe, type Recipe } from '../training/recipe.js';
import { freshWeights } from '../training/trainingStep.js';
import { print, untilInterrupted } from './commandLine.js';
import { calledAs, numberWhere, oneOf, option, readArguments, text, wholeNumber } from './option.js';
import { dataset, engine as engineName, out, seed, statistics } from './sharedOptions.js';

const architectures: ReadonlyMap<string, Architecture> = new Map([
  ['densenet121', denseNet121],
  ['resnet50', resNet50],
]);
const recipes = ['growing', 'cosine', 'paper'] as const;

const isCount = wholeNumber(1);

const command = {
  name: 'train',
  about:
    'Trains a multi-label classifier. Interrupt it at any time, or let it be killed: rerun to resume, and it ends with the same ' +
    'weights.',
  options: {
    dataset,
    statistics,
    architecture: option(
      '<name>',
      [...architectures.keys()].join(' or '),
      oneOf([...architectures.keys()]),
      'densenet121',
    ),
    recipe: option(
      '<name>',
      'growing: small images first, half a cosine (scenes alone, and the default there)\n' +
        'cosine: a fixed number of epochs, after a warm-up half a cosine down to zero, the last weights kept\n' +
        'paper: section 2.3, the learning rate reduced on a plateau of the validation loss, early stopping on it, the best ' +
        'weights kept (default for other data sets)',
      oneOf(recipes),
    ),
    initial: option(
      '<file>',
      "weights to start from: .safetensors (torchvision's or timm's names) or an .onnx of this command; where the classes are " +
        'others the linear layer starts anew',
      text,
    ),
    batch: option('<count>', 'images per step (default: 64; the paper has 32 for SEN12MS)', isCount),
    epochs: option(
      '<count>',
      'cosine: so many (default: 20); paper: at most so many (default: 100)',
      isCount,
    ),
    rate: option(
      '<number>',
      'largest learning rate (default: 0.001)',
      numberWhere('a number above 0, up to 1', (x) => x > 0 && x <= 1),
    ),
    scale: option(
      '<number>',
      'growing: multiplies the number of training images; below 1 for a trial (default: 1)',
      numberWhere('a number above 0, up to 100', (x) => x > 0 && x <= 100),
    ),
    engine: engineName,
    seed,
    out: out('training'),
  },
};

/** Small images first: a step on a quarter of the area costs a quarter, and learns nearly as much. */
export function growingRecipe(seed: number, scale = 1): Recipe {
  return {
    seed,
    phases: [
      { size: 60, images: Math.ceil(20000 * scale), batch: 32 },
      { size: 120, images: Math.ceil(6000 * scale), batch: 16 },
    ],
    rate: 1e-3,
    warmUp: 0.03,
    validationImages: Math.ceil(400 * Math.min(1, scale)),
    checkEvery: Math.ceil(2000 * scale),
  };
}

const status = createStatusLine(process.stderr);

function report(progress: FitProgress): void {
  const { images, totalImages, loss, secondsLeft, check } = progress;
  const line = `${images}/${totalImages} images, loss ${loss.toFixed(4)}, at most ${duration(1000 * secondsLeft)} left`;
  if (process.stderr.isTTY) status.show(line);
  if (check === undefined) return;
  status.finish();
  process.stderr.write(`${line}; ${checkText(check)}\n`);
}

function checkText({ validationLoss, validationMicroF1, rate = 0, waitingShare = 0 }: Check): string {
  return `validation loss ${validationLoss.toFixed(4)}, micro F1 ${validationMicroF1.toFixed(3)}, rate ${rate.toPrecision(2)}, waited ${(100 * waitingShare).toFixed(1)} % of the time for images`;
}

/** The history as JSON and as a picture, beside the model. */
async function writeHistory(file: string, training: TrainingHistory): Promise<readonly string[]> {
  const picture = trainingHistoryPath(file).replace(/\.json$/, '.png');
  const title = `Training of ${file.split(/[\\/]/).at(-1)}`;
  await writeFileAtomic(picture, await renderPng(trainingCurves(training, { title })));
  return [await writeTrainingHistory(file, training), picture];
}

/** The metrics of the test split, as JSON beside the model; nothing where the split is empty. */
async function writeTestMetrics(file: string, dataset: Dataset, engine: Engine): Promise<string | undefined> {
  if (dataset.count('test') === 0) return undefined;
  const classifier = await openClassifier(file, { engine });
  try {
    const { classes, metrics } = evaluate(await scoreImages(dataset, classifier));
    const path = file.replace(/\.onnx$/, '.test.json');
    await writeFileAtomic(path, `${JSON.stringify({ classes, ...metrics }, undefined, 2)}\n`);
    return path;
  } finally {
    await classifier.dispose();
  }
}

export async function trainCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { values } = read;
  const { dataset: choice, architecture: id, seed } = values;
  const isRendered = choice.kind === 'scenes';
  const architecture = architectures.get(id) ?? denseNet121;
  const name = values.recipe ?? (isRendered ? 'growing' : 'paper');
  const misplaced = (name === 'growing' ? (['batch', 'epochs', 'rate'] as const) : (['scale'] as const)).find(
    (option) => values[option] !== undefined,
  );
  if (misplaced !== undefined || (name === 'growing' && !isRendered)) {
    const fail = failAt(
      misplaced ? `--${misplaced}` : '--recipe growing',
      `See ${calledAs('train')} --help.`,
    );
    throw fail(misplaced ? `not an option of the recipe ${name}` : 'this recipe is for scenes alone');
  }
  if (isRendered && values.statistics !== undefined)
    throw failAt('--statistics', 'Leave it out.')('scenes has statistics of its own');
  const { batch, epochs, rate, scale } = values;
  const given = isRendered ? scenes({ seed }) : await openDataset(choice, { statistics: values.statistics });
  for (const split of ['train', 'validation'] as const) {
    if (given.count(split) > 0) continue;
    const todo = 'Put the lists of the splits into the folder of the data set, see docs/data.md.';
    throw failAt(given.name, todo)(`no images in the ${split} split`);
  }
  const chosen = name === 'cosine' ? cosineRecipe : paperRecipe;
  const recipe =
    name === 'growing'
      ? growingRecipe(seed, scale)
      : chosen(
          { size: given.size, train: given.count('train'), validation: given.count('validation') },
          { seed, batch, epochs, rate },
        );
  const datasetAt = (size: number): Dataset => (isRendered ? scenes({ seed, size }) : given);
  const size = recipe.phases.at(-1)?.size ?? given.size;
  const { bands, classes, statistics: normalisation } = datasetAt(size);
  const initial = values.initial && {
    name: values.initial,
    weights: await readWeights(resolve(values.initial)),
    classes: await readClassNames(resolve(values.initial)),
  };
  if (initial) {
    const fresh = freshWeights(architecture, { bands: bands.length, classes: classes.length, size }, seed);
    const { renewed } = transferWeights(fresh, initial.weights, initial.name, {
      from: initial.classes,
      to: classes,
    });
    const unnamed = initial.classes
      ? ''
      : '; it does not name its classes: they are taken to be in this order';
    const head = renewed.length === 0 ? unnamed : `; fresh: ${renewed.join(', ')}, as the classes are others`;
    print(`Starts from ${oneLine(initial.name)}${head}.`);
  }
  const file = join(values.out, `${id}-${isRendered ? 'scenes' : safeFileName(given.name)}.onnx`);
  /** What a model card is about, where there is one. */
  const subjectOf = async (): Promise<CardSubject | undefined> => {
    if (name === 'growing' && id === 'densenet121') return sceneSubject({ seed, size });
    if (choice.kind !== 'mosaics' || name !== 'cosine') return undefined;
    return mosaicSubject(given, await openEuroSat(choice.folder));
  };
  const engine = await openEngine(values.engine);
  const train = async (signal: AbortSignal): Promise<void> => {
    const { weights, history, kept } = await fit({
      ...{ architecture, datasetAt, engine, recipe, signal },
      ...(initial && { initial }),
      checkpoint: join(values.out, 'checkpoint.bin'),
      async onProgress(progress) {
        report(progress);
        // The records of a training that is under way; their picture follows at its end.
        if (progress.history) await writeTrainingHistory(file, { recipe, history: progress.history });
      },
    });
    const metadata = {
      'landlens.recipe': JSON.stringify(recipe),
      'landlens.data': isRendered ? `scenes, seed ${seed}` : given.name,
    };
    const description = { bands, classes, normalisation };
    const bytes = encodeClassifier(architecture, weights, description, size, metadata);
    await writeFileAtomic(file, bytes);
    print(`wrote ${file}, sha256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`);
    if (recipe.plateau) print(`Kept: check ${kept + 1} of ${history.length}, ${checkText(history[kept])}.`);
    const written = await writeHistory(file, { recipe, history });
    const subject = await subjectOf();
    const worth = subject
      ? await writeModelCard(file, subject, { engine, recipe, history, initial: values.initial })
      : await writeTestMetrics(file, datasetAt(size), engine);
    for (const path of [...written, ...(worth ? [worth] : [])]) print(`wrote ${path}`);
  };
  return untilInterrupted((signal) => withLock(values.out, 'folder', () => train(signal))).finally(() =>
    engine.dispose(),
  );
}
