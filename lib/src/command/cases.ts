/** `npm run cases`: the paper's figures of single images, or images of your choice, explained by every method. */
import { relative } from 'node:path';
import { bindMethods } from '../attribution/explain.js';
import { passesOf } from '../attribution/passes.js';
import { openDataset } from '../dataset/openDataset.js';
import { openEngine } from '../engine/engines.js';
import { InputError } from '../error.js';
import { withLock } from '../io/lock.js';
import { createProgress } from '../io/progress.js';
import { openClassifier } from '../model/classifierFile.js';
import { type Case, findPaperCases, readCase, writeCase } from '../study/caseStudy.js';
import { oneLine } from '../text.js';
import { interrupted, listenForInterrupt, print } from './commandLine.js';
import { option, readArguments, text } from './option.js';
import {
  classes,
  dataset,
  engine as engineName,
  methodIds,
  model,
  out,
  preset,
  seed,
} from './sharedOptions.js';

const command = {
  name: 'cases',
  about:
    "Explains single images by name, as the paper's Figures 2 to 9 and S1 to S9 do: one picture with the Max-Sensitivity of each " +
    'method, and its maps as GeoTIFF. Without --image those figures of the paper whose image the data set holds. Rerun to resume ' +
    'with the case that was not finished.',
  options: {
    dataset,
    image: option('<name>', 'an image, in any split', text),
    class: { ...classes, about: 'class to explain, with --image' },
    methods: methodIds,
    model,
    engine: engineName,
    preset,
    seed,
    out: out('cases'),
  },
};

function invalid(where: string, expected: string, got: string, what = 'not a valid value'): InputError {
  return new InputError({ what, where, expected, got });
}

export async function casesCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { values } = read;
  const { preset, seed } = values;
  const { image } = values;
  if ((image === undefined) !== (values.class.length === 0)) {
    const got = image === undefined ? '--class alone' : '--image alone';
    throw invalid('--image, --class', 'both, or neither', got, 'an image needs a class to explain');
  }

  const dataset = await openDataset(values.dataset);
  const engine = await openEngine(values.engine);
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(values.model, { engine });
    const { cases, absent } =
      image === undefined
        ? chooseFromPaper(dataset)
        : { cases: values.class.map((className): Case => ({ image, className })), absent: [] };
    const studied = bindMethods(classifier, values.methods, { preset, seed });
    const folder = values.out;
    const study = { dataset, classifier, methods: studied, preset, seed, folder };
    // Each is read once before the long work, so that a wrong name is not found at the end of it.
    for (const each of cases) await readCase(each, study);
    return await withLock(folder, 'folder', async () => {
      const progress = createProgress(
        cases.flatMap(() => studied.map(({ id }) => id)),
        { cost: passesOf(studied) },
      );
      for (const [i, each] of cases.entries()) {
        if (signal.aborted) {
          print(`Stopped after ${i} of ${cases.length} cases; rerun to resume.`);
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
}

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
