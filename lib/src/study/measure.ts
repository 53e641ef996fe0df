/** The measurements of one explanation: the paper's four metrics, and localisation where the truth is known. */
import type { Attribution, Explain, Method } from '../attribution/attribution.js';
import { relevance } from '../attribution/reduce.js';
import { computationTime } from '../metric/complexity/computationTime.js';
import { fileSize } from '../metric/complexity/fileSize.js';
import { areaUnderCurve, morfCurve } from '../metric/faithfulness/morf.js';
import { type Ranking, randomRelevance, relevanceRanking } from '../metric/faithfulness/ranking.js';
import { localisation } from '../metric/localisation/localisation.js';
import { maxSensitivity } from '../metric/robustness/maxSensitivity.js';
import { createRandom } from '../random.js';
import { rows, type Tensor } from '../tensor.js';
import type { MeasurementSettings } from './presets.js';
import type { StudyRecord } from './records.js';
import type { StudiedClassifier, Subject } from './subject.js';

/** What a measurement needs of an image: it need not be of a data set. */
export type MeasuredSubject = Pick<Subject, 'patch' | 'input' | 'target' | 'mask'>;

export type { Method as StudiedMethod } from '../attribution/attribution.js';

export interface MeasureOptions {
  readonly settings: MeasurementSettings;
  readonly seed: number;
}

/** What is measured of one subject and method. */
export type Measurement = Pick<StudyRecord, 'parameters' | 'metrics' | 'completenessGap' | 'localisation'>;

export interface MeasuredMap {
  readonly measurement: Measurement;
  /** Relevance [height x width], as shown, ranked and compressed. */
  readonly map: Float32Array;
}

/**
 * Measures one method on one subject.
 * @param isWarm whether the method has run in this process, so that its programs are compiled
 */
export async function measureMethod(
  subject: MeasuredSubject,
  { explain, reduction }: Method,
  classifier: StudiedClassifier,
  { settings: { draws, radius, fraction, repeats }, seed }: MeasureOptions,
  isWarm: boolean,
): Promise<MeasuredMap> {
  const { input, target, patch } = subject;
  const timed = keepLast(explain);
  const seconds = await computationTime(timed.explain, input, target.index, {
    warmUp: isWarm ? 0 : 1,
    repeats,
  });
  const attribution = timed.last();
  const [sensitivity] = await maxSensitivity(explain, input, [target.index], {
    ...{ draws, radius, original: attribution.values },
    seed: createRandom(seed, 'study', patch.name).integer(2 ** 31),
  });
  const map = relevance(attribution, reduction).data;
  const [, , height, width] = input.shape;
  const morf = await perturb(
    subject,
    classifier,
    relevanceRanking(map, { seed, image: patch.name }),
    fraction,
  );
  const gap = attribution.completenessGap?.[0];
  return {
    map,
    measurement: {
      parameters: attribution.parameters,
      metrics: {
        maxSensitivity: sensitivity,
        ...morf,
        fileSize: (await fileSize({ data: map, shape: [height, width] })) / 1024,
        seconds,
      },
      ...(Number.isFinite(gap) && { completenessGap: gap }),
      ...localise(map, subject.mask),
    },
  };
}

/** Measures the baseline that a method has to beat: pixels ranked at random. */
export async function measureRandom(
  subject: MeasuredSubject,
  classifier: StudiedClassifier,
  { settings: { fraction }, seed }: MeasureOptions,
): Promise<Measurement> {
  const [, , height, width] = subject.input.shape;
  const map = randomRelevance(height, width, { seed, image: subject.patch.name });
  const ranking = relevanceRanking(map, { seed, image: subject.patch.name });
  return {
    parameters: {},
    metrics: await perturb(subject, classifier, ranking, fraction),
    ...localise(map.data, subject.mask),
  };
}

/** The MoRF curve of a ranking of the subject's pixels, and its area. */
export async function perturb(
  { input, target }: MeasuredSubject,
  classifier: StudiedClassifier,
  ranking: Ranking,
  fraction: number,
): Promise<{ readonly morf: readonly number[]; readonly aucMorf: number }> {
  const score = async (images: Tensor): Promise<number[]> => {
    const { data } = await classifier.score(images);
    return Array.from(
      { length: images.shape[0] },
      (_, i) => data[i * classifier.classes.length + target.index],
    );
  };
  const [, ...imageShape] = input.shape;
  const curve = await morfCurve(score, { data: rows(input, 0).data, shape: imageShape }, ranking, {
    fraction,
  });
  return { morf: curve.scores, aucMorf: areaUnderCurve(curve) };
}

function localise(map: Float32Array, mask: Uint8Array | undefined): Pick<Measurement, 'localisation'> {
  return mask === undefined ? {} : { localisation: localisation(map, mask) };
}

/** Keeps what `explain` returned last, so that the explanation that is timed is also the one that is measured. */
function keepLast(explain: Explain): { readonly explain: Explain; readonly last: () => Attribution } {
  let kept: Attribution | undefined;
  return {
    async explain(images, targets) {
      kept = await explain(images, targets);
      return kept;
    },
    last() {
      if (kept === undefined) throw new Error('nothing was explained');
      return kept;
    },
  };
}
