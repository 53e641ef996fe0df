/** Does each method show what `scenes` planted? Relevance inside the class's own mask, in the sea beside a beach, on the sensor artefact. */

import { join } from 'node:path';
import { mean } from 'simple-statistics';
import type { Method } from '../attribution/attribution.js';
import { explainTargets } from '../attribution/explain.js';
import type { Preset } from '../attribution/methods.js';
import { passesOf } from '../attribution/passes.js';
import { maskOf, maskShare } from '../dataset/classMask.js';
import type { Patch } from '../dataset/patch.js';
import { classIndex, type SceneClass, sceneClasses } from '../dataset/scenes/classes.js';
import { scenes } from '../dataset/scenes.js';
import { describeValue, failAt } from '../error.js';
import { openLines } from '../io/durableLines.js';
import { writeFileAtomic } from '../io/file.js';
import { fieldsOf, isNumber, isText, parseJson } from '../io/json.js';
import { withLock } from '../io/lock.js';
import type { CreateProgress } from '../io/progress.js';
import { isPredicted } from '../metric/classification/decision.js';
import { randomRelevance } from '../metric/faithfulness/ranking.js';
import { localisation } from '../metric/localisation/localisation.js';
import { indexOfClass } from '../model/classMatch.js';
import { requireSeed } from '../random.js';
import type { MapValues } from '../tensor.js';
import { markdownText } from '../text.js';
import { identify } from './manifest.js';
import { describedAs, type StudiedClassifier } from './subject.js';
import { csv } from './tables.js';

interface Question {
  readonly id: string;
  readonly title: string;
  /** The explained class and the mask that its relevance is compared with; undefined where the scene does not ask this. */
  ask(patch: Patch): { readonly target: SceneClass; readonly mask: Uint8Array } | undefined;
}

const truth = { classes: sceneClasses };

const beaches = 'Beaches, dunes, sands';
const crops = 'Permanent crops';

export const questions: readonly Question[] = [
  {
    id: 'mask',
    title: 'The class’s own pixels (labelled classes that cover 5 to 50 % of the image)',
    ask(patch) {
      for (const label of patch.labels) {
        const target = sceneClasses[label];
        const mask = maskOf(patch, target, truth);
        const share = mask === undefined ? 0 : maskShare(mask);
        if (mask !== undefined && share >= 0.05 && share <= 0.5) return { target, mask };
      }
      return undefined;
    },
  },
  {
    id: 'sea',
    title: 'The sea, explaining Beaches, dunes, sands (planted co-occurrence)',
    ask(patch) {
      const sea = maskOf(patch, 'Marine waters', truth);
      const isBeach = patch.labels.includes(classIndex(beaches));
      return isBeach && sea !== undefined ? { target: beaches, mask: sea } : undefined;
    },
  },
  {
    id: 'artefact',
    title: 'The sensor artefact, explaining Permanent crops (planted artefact)',
    ask({ labels, planted = {} }) {
      const { sensorArtefact: mask } = planted;
      return labels.includes(classIndex(crops)) && mask !== undefined ? { target: crops, mask } : undefined;
    },
  },
];

/** Relevance of one method on one image, compared with one question's mask. */
export interface TruthRecord {
  /** What the record belongs to: model, preset, seed and engine, by `identify`. */
  readonly study: string;
  readonly question: string;
  readonly image: number;
  readonly target: string;
  readonly method: string;
  /** Share of the positive relevance inside the mask, 0 to 1; null where no relevance is positive. */
  readonly share: number | null;
  /** Share of the pixels inside the mask. */
  readonly area: number;
  readonly hit: number;
}

function parseTruth(line: string, where: string, study: string): TruthRecord {
  const broken = failAt(where, 'Delete the line, or choose another --out.')('not a record of ground truth');
  let value: unknown;
  try {
    value = parseJson(line);
  } catch {
    throw broken;
  }
  const fields = fieldsOf(value);
  const { question, image, target, method, share, area, hit } = fields;
  if (!isText(question) || !isText(target) || !isText(method)) throw broken;
  if (!isNumber(image) || !isNumber(area) || !isNumber(hit)) throw broken;
  if (share !== null && !isNumber(share)) throw broken;
  if (fields.study !== study) {
    throw failAt(where, 'Choose another --out, or delete the line if it does not belong here.')(
      'a record of another study',
      `study "${study}"`,
      describeValue(fields.study),
    );
  }
  return { study, question, image, target, method, share, area, hit };
}

export interface TruthOptions {
  /** Images per question. */
  readonly images: number;
  readonly preset: Preset;
  readonly seed: number;
  readonly folder: string;
  readonly signal?: AbortSignal;
  readonly createProgress?: CreateProgress;
}

/**
 * Explains, for each question, the first test images of `scenes` that ask it and whose class the model predicts.
 * Rerun after an interruption, it resumes.
 */
export async function measureGroundTruth(
  classifier: StudiedClassifier,
  methods: readonly Method[],
  options: TruthOptions,
): Promise<TruthRecord[]> {
  requireSeed(options.seed, 'measureGroundTruth, seed');
  return withLock(options.folder, 'folder', () => measureLocked(classifier, methods, options));
}

async function measureLocked(
  classifier: StudiedClassifier,
  methods: readonly Method[],
  { images, preset, seed, folder, signal, createProgress }: TruthOptions,
): Promise<TruthRecord[]> {
  const dataset = scenes({ seed, size: classifier.size[0] });
  const chosen: { question: Question; index: number }[] = [];
  for (const question of questions) {
    let found = 0;
    for (let index = 0; index < dataset.count('test') && found < images; index++) {
      const patch = await dataset.read('test', index);
      const asked = question.ask(patch);
      if (asked === undefined) continue;
      const scores = (await classifier.score(classifier.prepare(patch))).data;
      if (!isPredicted(scores[indexOfClass(asked.target, classifier)])) continue;
      chosen.push({ question, index });
      found++;
    }
  }
  const randomMap = ({ name, image: { shape } }: Patch) =>
    randomRelevance(shape[1], shape[2], { seed, image: name });
  // A study of its own file, so that a folder may hold several.
  const { name: engine } = classifier.engine;
  const study = identify([dataset.name, classifier.hash, describedAs(classifier), preset, seed, engine]);
  const path = join(folder, `records-${study}.jsonl`);
  const lines = await openLines(path, (line, where) => parseTruth(line, where, study));
  const records = [...lines.earlier];
  const known = new Set(records.map(({ question, image, method }) => `${question} ${image} ${method}`));
  const isDone = (question: Question, index: number, id: string) =>
    known.has(`${question.id} ${index} ${id}`);
  const progress = createProgress?.(
    chosen.flatMap(({ question, index }) =>
      methods.filter(({ id }) => !isDone(question, index, id)).map(({ id }) => id),
    ),
    { cost: passesOf(methods) },
  );
  try {
    for (const { question, index } of chosen) {
      const patch = await dataset.read('test', index);
      const asked = question.ask(patch);
      if (asked === undefined) continue;
      const { target, mask } = asked;
      const measure = async (method: string, map: MapValues): Promise<void> => {
        const { share = null, area, hit } = localisation(map, mask);
        records.push(
          ...(await lines.append({
            study,
            question: question.id,
            image: index,
            target,
            method,
            share,
            area,
            hit,
          })),
        );
      };
      if (!isDone(question, index, 'random')) await measure('random', randomMap(patch));
      for (const method of methods) {
        const { id, name } = method;
        if (isDone(question, index, id)) continue;
        signal?.throwIfAborted();
        progress?.start(id, `${name}, ${question.id}, image ${index}`);
        const input = classifier.prepare(patch);
        const [{ map }] = await explainTargets(method, input, [indexOfClass(target, classifier)]);
        await measure(id, map);
        progress?.done();
      }
    }
  } finally {
    progress?.finish();
    await lines.close();
  }
  // The folder may hold more images and methods, of earlier runs.
  const wanted = new Set(chosen.map(({ question, index }) => `${question.id} ${index}`));
  const ids = new Set(['random', ...methods.map(({ id }) => id)]);
  return records.filter(
    ({ question, image, method }) => wanted.has(`${question} ${image}`) && ids.has(method),
  );
}

/** Means of one method over the images of one question. */
export interface TruthSummary {
  readonly question: string;
  readonly method: string;
  readonly images: number;
  readonly share: number;
  readonly area: number;
  /** Mean share by mean area: 1 is an even spread. */
  readonly ratio: number;
  readonly hit: number;
}

export function summariseTruth(
  records: readonly TruthRecord[],
  methods: readonly Pick<Method, 'id' | 'name'>[],
): TruthSummary[] {
  return questions.flatMap(({ id: question }) =>
    [...methods, { id: 'random', name: 'Random baseline' }].flatMap(({ id, name }) => {
      const own = records.filter((record) => record.question === question && record.method === id);
      if (own.length === 0) return [];
      // A map without positive relevance shows nothing of the mask.
      const share = mean(own.map((record) => record.share ?? 0));
      const area = mean(own.map((record) => record.area));
      const hit = mean(own.map((record) => record.hit));
      return [{ question, method: name, images: own.length, share, area, ratio: share / area, hit }];
    }),
  );
}

/** Writes ground-truth.csv and ground-truth.md; returns the table as text. */
export async function writeTruth(
  folder: string,
  summary: readonly TruthSummary[],
  context: string,
): Promise<string> {
  const rows = summary.map((row) => ({ ...row }));
  await writeFileAtomic(join(folder, 'ground-truth.csv'), csv(rows));
  const text = questions.flatMap(({ id, title }) => {
    const own = summary.filter((row) => row.question === id);
    return [
      '',
      `## ${title}`,
      '',
      '| Method | relevance inside | area | ratio | pointing game | images |',
      '| --- | ---: | ---: | ---: | ---: | ---: |',
      ...own.map(
        (row) =>
          `| ${row.method} | ${(100 * row.share).toFixed(1)} % | ${(100 * row.area).toFixed(1)} % | ${row.ratio.toFixed(2)} | ${row.hit.toFixed(2)} | ${row.images} |`,
      ),
    ];
  });
  const document = ['# Ground truth', '', markdownText(context), ...text, ''].join('\n');
  await writeFileAtomic(join(folder, 'ground-truth.md'), document);
  return document;
}
