/** `npm run truth`: compares every method's relevance with what `scenes` planted. */
import { bindMethods } from '../attribution/explain.js';
import { openEngine } from '../engine/engines.js';
import { createProgress } from '../io/progress.js';
import { openClassifier } from '../model/classifierFile.js';
import { measureGroundTruth, summariseTruth, writeTruth } from '../study/groundTruth.js';
import { deviceOf } from '../study/run.js';
import { interrupted, listenForInterrupt, print } from './commandLine.js';
import { readArguments } from './option.js';
import { engine as engineName, images, model, out, preset, seed } from './sharedOptions.js';

const command = {
  name: 'truth',
  about:
    'Explains test images of the rendered data set "scenes" and measures how much of each method\'s positive relevance lies on ' +
    "the class's own pixels, on the sea beside a beach, and on a planted sensor artefact. Rerun to resume.",
  options: { images, engine: engineName, preset, model, seed, out: out('ground-truth') },
};

export async function truthCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { images, engine: name, preset, model, seed, out: folder } = read.values;
  const engine = await openEngine(name);
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(model, { engine });
    const studied = bindMethods(classifier, undefined, { preset, seed });
    const records = await measureGroundTruth(classifier, studied, {
      ...{ images, preset, seed, folder, signal, createProgress },
    });
    const context = `Rendered scenes, not real imagery; seed ${seed}, preset ${preset}; model ${classifier.name} ${classifier.hash}; ${engine.name}, ${deviceOf(classifier)}.`;
    print(await writeTruth(folder, summariseTruth(records, studied), context));
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print('Stopped; rerun to resume.');
    return interrupted;
  } finally {
    await engine.dispose();
  }
}
