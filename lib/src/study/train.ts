/** `npm run train`: trains the default classifier on `scenes` and writes its ONNX file, its history and its model card. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { scenes } from '../dataset/scenes.js';
import { createEngine } from '../engine/onnxRuntime.js';
import { writeFileAtomic } from '../file.js';
import { encodeClassifier } from '../model/classifierFile.js';
import { denseNet121 } from '../model/denseNet.js';
import { type FitProgress, fit } from '../training/fit.js';
import { writeTrainingHistory } from '../training/history.js';
import type { Recipe } from '../training/recipe.js';
import { interrupted, listenForInterrupt, parseNumber, runCommand } from './commandLine.js';
import { writeModelCard } from './modelCard.js';
import { repositoryRoot } from './options.js';
import { duration } from './progress.js';

const usage = `Usage: npm run train -- [options]

Trains DenseNet-121 on the rendered data set "scenes". Interrupt it at any time: the same command goes on.

  --out <folder>   where the model, its card and the checkpoint go (default: results/training)
  --seed <n>       seed of weights, data order and data (default: 0)
  --scale <x>      multiplies the number of training images; below 1 for a trial (default: 1)
  --help           this text`;

/** Small images first: a step on a quarter of the area costs a quarter, and learns nearly as much. */
export function defaultRecipe(seed: number, scale = 1): Recipe {
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

function report(progress: FitProgress): void {
  const { images, totalImages, loss, secondsLeft, check } = progress;
  const line = `${images}/${totalImages} images, loss ${loss.toFixed(4)}, ${duration(1000 * secondsLeft)} left`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line}   `);
  if (check === undefined) return;
  const validation = `validation loss ${check.validationLoss.toFixed(4)}, micro F1 ${check.validationMicroF1.toFixed(3)}`;
  process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}${line}; ${validation}\n`);
}

runCommand(async (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      out: { type: 'string', default: join(repositoryRoot, 'results', 'training') },
      seed: { type: 'string', default: '0' },
      scale: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const seed = parseNumber('seed', values.seed, Number.isSafeInteger, 'a whole number');
  const scale = parseNumber('scale', values.scale, (x) => x > 0 && x <= 100, 'a number above 0, up to 100');
  const recipe = defaultRecipe(seed, scale);
  const datasetAt = (size: number) => scenes({ seed, size });
  const size = recipe.phases.at(-1)?.size ?? 120;
  const { bands, classes, statistics: normalisation } = datasetAt(size);
  const engine = createEngine();
  const signal = listenForInterrupt();
  try {
    const { weights, history } = await fit({
      architecture: denseNet121,
      datasetAt,
      engine,
      recipe,
      checkpoint: join(values.out, 'checkpoint.bin'),
      onProgress: report,
      signal,
    });
    const file = join(values.out, 'densenet121-scenes.onnx');
    const metadata = { 'landlens.recipe': JSON.stringify(recipe), 'landlens.data': `scenes, seed ${seed}` };
    const bytes = encodeClassifier(denseNet121, weights, { bands, classes, normalisation }, size, metadata);
    await writeFileAtomic(file, bytes);
    console.log(`wrote ${file}, sha256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`);
    console.log(`wrote ${await writeTrainingHistory(file, { recipe, history })}`);
    console.log(`wrote ${await writeModelCard(file, { engine, recipe, history, seed })}`);
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    console.log('Stopped; the same command goes on.');
    return interrupted;
  } finally {
    await engine.dispose();
  }
});
