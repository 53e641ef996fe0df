/** A study that is frozen before it is run: what is measured of which image, so that many processes can share it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { failAt, messageOf } from '../../error.js';
import { readBoundedFile, readIfPresent } from '../../io/boundedFile.js';
import { openLines, parseLines } from '../../io/durableLines.js';
import { writeFileAtomic } from '../../io/file.js';
import {
  type Check,
  fieldsOf,
  isCount,
  isFlag,
  isNumber,
  isText,
  mapOf,
  optional,
  parseJson,
  readJsonObject,
  shape,
} from '../../io/json.js';
import { withLock } from '../../io/lock.js';
import type { CreateProgress } from '../../io/progress.js';
import { requireSeed } from '../../random.js';
import { type Manifest, reconcileManifest, storedManifest } from '../manifest.js';
import type { StudyTarget } from '../records.js';
import { everyTestImage, outcomeNames, type Selection, selectImages } from '../selection.js';
import { costOf, idsOf, manifestOf, type Study } from '../study.js';
import { readSubject, requireCompatible } from '../subject.js';

const format = 'landlens study plan 1';

/** What every part opens, as the command line names it. */
export interface PlanSources {
  /** `scenes`, or `<kind>:<folder>` with its whole path. */
  readonly dataset: string;
  /** Path of the model. */
  readonly model: string;
  readonly engine: string;
}

export interface PlannedImage {
  /** Position in its split. */
  readonly index: number;
  readonly name: string;
  readonly target: StudyTarget;
}

export interface StudyPlan extends PlanSources {
  readonly format: typeof format;
  readonly selection: Selection;
  /** Passes that an image takes by everything that is measured: the random baseline first, then the methods in their order. */
  readonly costs: Readonly<Record<string, number>>;
  /** Sides of the images in pixels. */
  readonly size: number;
  readonly shards: number;
  readonly images: number;
  /** SHA-256 of images.jsonl. */
  readonly imagesHash: string;
}

/** A plan as its folder holds it. */
export interface ReadPlan {
  readonly folder: string;
  readonly plan: StudyPlan;
  /** In the seeded order of the study. */
  readonly images: readonly PlannedImage[];
  /** Complete: with the parameters of every method. */
  readonly manifest: Manifest;
}

const planPath = (folder: string): string => join(folder, 'plan.json');
/** The images of a plan, a line for each. */
export const imagesPath = (folder: string): string => join(folder, 'images.jsonl');

export interface PlanOptions extends PlanSources {
  readonly shards: number;
  readonly signal?: AbortSignal;
  readonly createProgress: CreateProgress;
}

/** Images whose targets reach the disk together. */
const batch = 64;

/**
 * Writes the plan of a study into its folder: study.json, images.jsonl with the target of every image, plan.json at the end.
 * Stopped or killed and run again, it goes on; a folder that holds this plan already is left as it is.
 * @throws InputError where the folder holds another study or plan; the signal's reason when stopped
 */
export async function planStudy(
  study: Study,
  { shards, signal, createProgress, ...sources }: PlanOptions,
): Promise<ReadPlan> {
  const { dataset, classifier, methods, images, seed, folder, selection = everyTestImage } = study;
  requireSeed(seed, 'planStudy, seed');
  requireCompatible(dataset, classifier);
  return withLock(folder, 'folder', async () => {
    const parameters = methods.map(({ id, explain }) => {
      if (explain.parameters !== undefined) return [id, explain.parameters] as const;
      throw failAt(
        id,
        'Run it by `runStudy`.',
      )('a method that does not state its parameters cannot be planned');
    });
    await reconcileManifest(folder, { ...manifestOf(study), methods: Object.fromEntries(parameters) });
    const facts: Omit<StudyPlan, 'imagesHash'> = {
      ...{ format, ...sources, selection, shards, images, size: dataset.size },
      costs: Object.fromEntries(idsOf(methods).map((id) => [id, costOf(study)(id)])),
    };
    const found = await readIfPresent(planPath(folder), { maximumBytes: 2 ** 20, todo });
    if (found !== undefined) {
      const difference = differenceOf(found, facts);
      if (difference !== undefined) throw otherPlan(folder, difference);
      return readPlan(folder);
    }
    const selected = await selectImages(dataset, classifier, selection, images, {
      seed,
      ...(signal && { signal }),
    });
    const lines = await openLines(imagesPath(folder), parseImage);
    const progress = createProgress(selected.slice(lines.earlier.length).map(() => 'image'));
    try {
      const { earlier } = lines;
      const differs = earlier.findIndex(({ index }, i) => index !== selected[i]?.index);
      if (differs >= 0) throw otherPlan(folder, `image ${differs} of images.jsonl is another`);
      for (let start = earlier.length; start < selected.length; start += batch) {
        const found: PlannedImage[] = [];
        for (const { index, target: chosen } of selected.slice(start, start + batch)) {
          signal?.throwIfAborted();
          progress.start('image', `target of image ${start + found.length + 1} of ${selected.length}`);
          const { patch, target } = await readSubject(dataset, classifier, index, chosen, selection.split);
          found.push({ index, name: patch.name, target });
          progress.done();
        }
        await lines.append(...found);
      }
    } finally {
      progress.finish();
      await lines.close();
    }
    const imagesHash = hashOf(await readImages(folder));
    await writeFileAtomic(planPath(folder), `${JSON.stringify({ ...facts, imagesHash }, undefined, 2)}\n`);
    return readPlan(folder);
  });
}

const todo = 'Choose another --out or delete the folder.';

const otherPlan = (folder: string, what: string) =>
  failAt(planPath(folder), todo)(`the folder holds another plan: ${what}`);

/** The first field that a plan on disk has otherwise, in words. */
function differenceOf(found: Uint8Array, facts: Omit<StudyPlan, 'imagesHash'>): string | undefined {
  const stored = fieldsOf(parseJson(found));
  const [name, wanted] =
    Object.entries(facts).find(([field, value]) => JSON.stringify(stored[field]) !== JSON.stringify(value)) ??
    [];
  if (name === undefined) return undefined;
  return `${name} ${JSON.stringify(stored[name]) ?? 'absent'} there, ${JSON.stringify(wanted)} now`;
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const readImages = (folder: string): Promise<Uint8Array> =>
  readBoundedFile(imagesPath(folder), {
    maximumBytes: 2 ** 30,
    todo: 'Run `landlens study plan` again, which makes it anew.',
  });

const planFields: Readonly<Record<keyof StudyPlan, Check>> = {
  format: (value) => value === format,
  ...{ dataset: isText, model: isText, engine: isText, imagesHash: isText, size: isCount },
  costs: mapOf((value) => isNumber(value) && value > 0),
  shards: (value) => isCount(value) && value > 0,
  images: isCount,
  selection: shape({
    split: (value) => value === 'train' || value === 'validation' || value === 'test',
    className: optional(isText),
    outcome: optional((value) => outcomeNames.some((name) => name === value)),
  }),
};

const isPlan = (value: unknown): value is StudyPlan => shape(planFields)(value);

const isImage = (value: unknown): value is PlannedImage =>
  shape({
    index: isCount,
    name: isText,
    target: shape({ index: isCount, name: isText, score: isNumber, truePositive: isFlag }),
  })(value);

function parseImage(line: string, where: string): PlannedImage {
  const fail = failAt(where, todo);
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (thrown) {
    throw fail(`not an image of a plan: ${messageOf(thrown)}`);
  }
  if (isImage(value)) return value;
  throw fail('not an image of a plan', '{index, name, target}');
}

/**
 * The plan that a folder holds.
 * @throws InputError where it holds none, or one that was not finished or has been changed
 */
export async function readPlan(folder: string): Promise<ReadPlan> {
  const plan = await readJsonObject(planPath(folder), {
    maximumBytes: 2 ** 20,
    todo: 'Make it by `landlens study plan`, which also finishes what it began.',
    name: 'the plan of a study',
  });
  const fail = failAt(folder, 'Plan it again in another folder.');
  if (!isPlan(plan)) throw fail('the plan is damaged, or of another version', `a "${format}"`);
  const bytes = await readImages(folder);
  if (hashOf(bytes) !== plan.imagesHash) {
    throw fail('images.jsonl is no longer what was planned', `SHA-256 ${plan.imagesHash}`, hashOf(bytes));
  }
  const { items: images } = parseLines(Buffer.from(bytes), parseImage, imagesPath(folder));
  const manifest = await storedManifest(folder);
  if (manifest === undefined) throw fail('study.json is missing or damaged');
  return { folder, plan, images, manifest };
}
