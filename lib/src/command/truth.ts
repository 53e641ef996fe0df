/** `npm run truth`: holds every method's relevance against what `scenes` planted. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureGroundTruth, summariseTruth, writeTruth } from '../analysis/groundTruth.js';
import { studiedMethods } from '../attribution/studiedMethods.js';
import { defaultEngine, openEngine, parseEngine } from '../engine/engines.js';
import { InputError } from '../error.js';
import { createProgress } from '../io/progress.js';
import { openClassifier } from '../model/classifierFile.js';
import { defaultModel } from '../model/defaultModel.js';
import { repositoryRoot } from '../repository/places.js';
import { presetNames } from '../study/presets.js';
import { deviceOf } from '../study/run.js';
import {
  engineHelp,
  interrupted,
  listenForInterrupt,
  parseNumber,
  parseSeed,
  print,
  runCommand,
} from './commandLine.js';

const usage = `Usage: npm run truth -- [options]

Explains test images of the rendered data set "scenes" and measures how much of each method's positive relevance lies
on the class's own pixels, on the sea beside a beach, and on a planted sensor artefact. Interrupted, it goes on.

  --images <n>     images per question (default: 8)
  ${engineHelp(17)}
  --preset <name>  ${presetNames.join(' or ')} (default: quick)
  --model <onnx>   a classifier trained on scenes (default: the shipped one)
  --seed <n>       (default: 0)
  --out <folder>   (default: results/ground-truth)
  --help           this text`;

runCommand(async (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      images: { type: 'string', default: '8' },
      engine: { type: 'string', default: defaultEngine },
      preset: { type: 'string', default: 'quick' },
      model: { type: 'string', default: defaultModel },
      seed: { type: 'string', default: '0' },
      out: { type: 'string', default: join(repositoryRoot, 'results', 'ground-truth') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(usage);
    return 0;
  }
  const isWhole = (value: number) => Number.isSafeInteger(value) && value >= 0;
  const images = parseNumber('images', values.images, (n) => isWhole(n) && n >= 1, 'a whole number from 1');
  const seed = parseSeed(values.seed);
  const preset = presetNames.find((name) => name === values.preset);
  if (preset === undefined) {
    throw new InputError({
      what: 'not a preset',
      where: '--preset',
      expected: presetNames.join(' or '),
      got: `"${values.preset}"`,
    });
  }
  const engine = await openEngine(parseEngine(values.engine));
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(resolve(values.model), { engine });
    const studied = studiedMethods(classifier, { preset, seed });
    const folder = resolve(values.out);
    const records = await measureGroundTruth(classifier, studied, {
      ...{ images, preset, seed, folder, signal, createProgress },
    });
    const context = `Rendered scenes, not real imagery; seed ${seed}, preset ${preset}; model ${classifier.name} ${classifier.hash}; ${engine.name}, ${deviceOf(classifier)}.`;
    print(await writeTruth(folder, summariseTruth(records, studied), context));
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print('Stopped; the same command goes on.');
    return interrupted;
  } finally {
    await engine.dispose();
  }
});
