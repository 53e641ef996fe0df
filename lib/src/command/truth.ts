/** `npm run truth`: compares every method's relevance with what `scenes` planted. */
import { bindMethods } from '../attribution/explain.js';
import { createProgress } from '../io/progress.js';
import { measureGroundTruth, summariseTruth, writeTruth } from '../study/groundTruth.js';
import { deviceOf } from '../study/study.js';
import { print, untilInterrupted, withClassifier } from './commandLine.js';
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
  const { images, preset, seed, out: folder } = read.values;
  return untilInterrupted((signal) =>
    withClassifier(read.values, async (classifier) => {
      const studied = bindMethods(classifier, undefined, { preset, seed });
      const records = await measureGroundTruth(classifier, studied, {
        ...{ images, preset, seed, folder, signal, createProgress },
      });
      const context = `Rendered scenes, not real imagery; seed ${seed}, preset ${preset}; model ${classifier.name} ${classifier.hash}; ${classifier.engine.name}, ${deviceOf(classifier)}.`;
      print(await writeTruth(folder, summariseTruth(records, studied), context));
    }),
  );
}
