/** `npm run cases`: the paper's figures of single images, or images of your choice, explained by every method. */
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { methods } from '../attribution/methods.js';
import { studiedMethods } from '../attribution/studiedMethods.js';
import { openDataset } from '../dataset/openDataset.js';
import { defaultEngine, openEngine, parseEngine } from '../engine/engines.js';
import { InputError } from '../error.js';
import { withLock } from '../io/lock.js';
import { createProgress } from '../io/progress.js';
import { openClassifier } from '../model/classifierFile.js';
import { defaultModel } from '../model/defaultModel.js';
import { repositoryRoot } from '../repository/places.js';
import { type Case, findPaperCases, readCase, writeCase } from '../study/caseStudy.js';
import { presetNames } from '../study/presets.js';
import { oneLine } from '../text.js';
import { engineHelp, interrupted, listenForInterrupt, parseSeed, print, runCommand } from './commandLine.js';

const usage = `Usage: npm run cases -- --dataset <data set> [options]

Explains single images by name with every method, as the paper's Figures 2 to 9 and S1 to S9 do: one picture with the
Max-Sensitivity of each method, and its maps as GeoTIFF. Without --image those figures of the paper whose image the
data set holds. Interrupted, it goes on with the case that was not finished.

  --dataset <data set>  as in npm run reproduce (default: scenes)
  --image <name>        an image, in any split
  --class <name>        the class to explain, with --image; several times for several classes
  --model <file>        classifier (default: the shipped one)
  ${engineHelp(22)}
  --preset <name>       ${presetNames.join(' or ')} (default: quick)
  --seed <n>            (default: 0)
  --out <folder>        (default: results/cases)
  --help                this text`;

function invalid(where: string, expected: string, got: string, what = 'not a valid value'): InputError {
  return new InputError({ what, where, expected, got });
}

runCommand(async (argv) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      dataset: { type: 'string', default: 'scenes' },
      image: { type: 'string' },
      class: { type: 'string', multiple: true, default: [] },
      model: { type: 'string', default: defaultModel },
      engine: { type: 'string', default: defaultEngine },
      preset: { type: 'string', default: 'quick' },
      seed: { type: 'string', default: '0' },
      out: { type: 'string', default: join(repositoryRoot, 'results', 'cases') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(usage);
    return 0;
  }
  const preset = presetNames.find((name) => name === values.preset);
  if (preset === undefined) throw invalid('--preset', presetNames.join(' or '), `"${values.preset}"`);
  const seed = parseSeed(values.seed);
  const { image } = values;
  if ((image === undefined) !== (values.class.length === 0)) {
    const got = image === undefined ? '--class alone' : '--image alone';
    throw invalid('--image, --class', 'both, or neither', got, 'an image needs a class to explain');
  }

  const engineName = parseEngine(values.engine);
  const dataset = await openDataset(values.dataset);
  const engine = await openEngine(engineName);
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(resolve(values.model), { engine });
    const { cases, absent } =
      image === undefined
        ? chooseFromPaper(dataset)
        : { cases: values.class.map((className): Case => ({ image, className })), absent: [] };
    const studied = studiedMethods(classifier, { preset, seed });
    const folder = resolve(values.out);
    const study = { dataset, classifier, methods: studied, preset, seed, folder };
    // Each is read once before the long work, so that a wrong name is not found at the end of it.
    for (const each of cases) await readCase(each, study);
    return await withLock(folder, 'folder', async () => {
      const progress = createProgress(cases.flatMap(() => methods.map(({ id }) => id)));
      for (const [i, each] of cases.entries()) {
        if (signal.aborted) {
          print(`Stopped after ${i} of ${cases.length} cases; the same command goes on.`);
          return interrupted;
        }
        const { sheet, kept } = await writeCase(each, study, { progress });
        print(`${oneLine(relative(process.cwd(), sheet))}${kept ? ' (kept)' : ''}`);
      }
      progress.finish();
      if (absent.length > 0) {
        const names = [...new Set(absent.map((each) => `${each.image} (${each.origin})`))];
        print(`Not in ${oneLine(dataset.name)}: ${names.map(oneLine).join('; ')}.`);
      }
      return 0;
    });
  } finally {
    await engine.dispose();
  }
});

function chooseFromPaper(dataset: Awaited<ReturnType<typeof openDataset>>): {
  readonly cases: readonly Case[];
  readonly absent: readonly Case[];
} {
  const { present, absent } = findPaperCases(dataset);
  if (present.length > 0) return { cases: present, absent };
  throw invalid(
    dataset.name,
    `one of ${[...new Set(absent.map((each) => each.image))].join(', ')}`,
    'none of them',
    "none of the paper's images is in the data set",
  );
}
