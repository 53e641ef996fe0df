/** `npm run cases`: the paper's figures of single images, or images of your choice, explained by every method. */
import { relative } from 'node:path';
import { bindMethods } from '../attribution/explain.js';
import { passesOf } from '../attribution/passes.js';
import { openDataset } from '../dataset/openDataset.js';
import { failAt } from '../error.js';
import { withLock } from '../io/lock.js';
import { createProgress } from '../io/progress.js';
import { type Case, findPaperCases, readCase, writeCase } from '../study/caseStudy.js';
import { oneLine } from '../text.js';
import { print, untilInterrupted, withClassifier } from './commandLine.js';
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

export async function casesCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { values } = read;
  const { preset, seed, image, out: folder } = values;
  if ((image === undefined) !== (values.class.length === 0)) {
    const got = image === undefined ? '--class alone' : '--image alone';
    throw failAt('--image, --class')('an image needs a class to explain', 'both, or neither', got);
  }
  return untilInterrupted((signal) =>
    withClassifier(values, async (classifier) => {
      const dataset = await openDataset(values.dataset, classifier);
      const { cases, absent } =
        image === undefined
          ? chooseFromPaper(dataset)
          : { cases: values.class.map((className): Case => ({ image, className })), absent: [] };
      const studied = bindMethods(classifier, values.methods, { preset, seed });
      const study = { dataset, classifier, methods: studied, preset, seed, folder };
      // Each is read once before the long work, so that a wrong name is not found at the end of it.
      for (const each of cases) await readCase(each, study);
      return withLock(folder, 'folder', async () => {
        const progress = createProgress(
          cases.flatMap(() => studied.map(({ id }) => id)),
          { cost: passesOf(studied) },
        );
        for (const each of cases) {
          signal.throwIfAborted();
          const { sheet, kept } = await writeCase(each, study, { progress });
          print(`${oneLine(relative(process.cwd(), sheet))}${kept ? ' (kept)' : ''}`);
        }
        progress.finish();
        if (absent.length > 0) {
          const names = [...new Set(absent.map((each) => `${each.image} (${each.origin})`))];
          print(`Not in ${oneLine(dataset.name)}: ${names.map(oneLine).join('; ')}.`);
        }
      });
    }),
  );
}

function chooseFromPaper(dataset: Awaited<ReturnType<typeof openDataset>>): {
  readonly cases: readonly Case[];
  readonly absent: readonly Case[];
} {
  const { present, absent } = findPaperCases(dataset);
  if (present.length > 0) return { cases: present, absent };
  const known = [...new Set(absent.map((each) => each.image))].join(', ');
  throw failAt(dataset.name)(
    "none of the paper's images is in the data set",
    `one of ${known}`,
    'none of them',
  );
}
