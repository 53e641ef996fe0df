/** The measurements of one explanation: the metrics of the registry, and localisation where the truth is known. */
import type { Attribution, Explain, Method } from '../attribution/attribution.js';
import { relevance } from '../attribution/reduce.js';
import { computationTime } from '../metric/complexity/computationTime.js';
import { morfCurve, type PerturbationCurve } from '../metric/faithfulness/morf.js';
import { type Ranking, randomRelevance, relevanceRanking } from '../metric/faithfulness/ranking.js';
import { localisation } from '../metric/localisation/localisation.js';
import { type Explained, type MetricId, metrics } from '../metric/metrics.js';
import { createRandom } from '../random.js';
import { rows, type Tensor } from '../tensor.js';
import type { MeasurementSettings } from './presets.js';
import type { StudyMetrics, StudyRecord } from './records.js';
import type { StudiedClassifier, Subject } from './subject.js';

/** What a measurement needs of an image: it need not be of a data set. */
export type MeasuredSubject = Pick<Subject, 'patch' | 'input' | 'target' | 'mask'>;

export interface MeasureOptions {
  readonly settings: MeasurementSettings;
  readonly seed: number;
}

/** What is measured of one subject and method. */
export type Measurement = Pick<
  StudyRecord,
  'parameters' | 'metrics' | 'completenessGap' | 'sampling' | 'localisation'
>;

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
  { settings, seed }: MeasureOptions,
  isWarm: boolean,
): Promise<MeasuredMap> {
  const { input, target } = subject;
  const timed = keepLast(explain);
  const seconds = await computationTime(timed.explain, input, target.index, {
    warmUp: isWarm ? 0 : 1,
    repeats: settings.repeats,
  });
  const attribution = timed.last();
  const [, , height, width] = input.shape;
  const { data } = relevance(attribution, reduction);
  const map = { data, shape: [height, width] };
  const gap = attribution.completenessGap?.[0];
  return {
    map: data,
    measurement: {
      parameters: attribution.parameters,
      metrics: await measureMap(map, subject, classifier, {
        settings,
        seed,
        explanation: { explain, attribution, seconds },
      }),
      ...(Number.isFinite(gap) && { completenessGap: gap }),
      ...samplingOf(attribution),
      ...localise(data, subject.mask),
    },
  };
}

/** Measures the baseline that a method has to beat: pixels ranked at random. */
export async function measureRandom(
  subject: MeasuredSubject,
  classifier: StudiedClassifier,
  options: MeasureOptions,
): Promise<Measurement> {
  const [, , height, width] = subject.input.shape;
  const map = randomRelevance(height, width, { seed: options.seed, image: subject.patch.name });
  return {
    parameters: {},
    metrics: await measureMap(map, subject, classifier, options),
    ...localise(map.data, subject.mask),
  };
}

/** Every metric of the registry, and the MoRF curve. */
async function measureMap(
  map: Tensor,
  subject: MeasuredSubject,
  classifier: StudiedClassifier,
  { settings, seed, explanation }: MeasureOptions & Pick<Explained, 'explanation'>,
): Promise<StudyMetrics> {
  const { input: image, target, patch } = subject;
  const ranking = relevanceRanking(map, { seed, image: patch.name });
  const curve = await perturb(subject, classifier, ranking, settings.fraction);
  const explained: Explained = {
    ...{ image, map, curve, settings },
    target: target.index,
    seed: createRandom(seed, 'study', patch.name).integer(2 ** 31),
    ...(explanation && { explanation }),
  };
  const values: Partial<Record<MetricId, number>> = {};
  for (const { id, measure } of metrics) {
    const value = await measure(explained);
    if (value !== undefined) values[id] = value;
  }
  return { ...values, morf: curve.scores };
}

/** The MoRF curve of a ranking of the subject's pixels. */
export async function perturb(
  { input, target }: MeasuredSubject,
  classifier: StudiedClassifier,
  ranking: Ranking,
  fraction: number,
): Promise<PerturbationCurve> {
  const score = async (images: Tensor): Promise<number[]> => {
    const { data } = await classifier.score(images);
    return Array.from(
      { length: images.shape[0] },
      (_, i) => data[i * classifier.classes.length + target.index],
    );
  };
  const [, ...imageShape] = input.shape;
  return morfCurve(score, { data: rows(input, 0).data, shape: imageShape }, ranking, { fraction });
}

function localise(map: Float32Array, mask: Uint8Array | undefined): Pick<Measurement, 'localisation'> {
  return mask === undefined ? {} : { localisation: localisation(map, mask) };
}

/** JSON has no Infinity: an unknown error is left out. */
function samplingOf({ uncertainty }: Attribution): Pick<Measurement, 'sampling'> {
  if (uncertainty === undefined) return {};
  const { relativeError, evaluations, reached } = uncertainty;
  return {
    sampling: {
      ...(Number.isFinite(relativeError[0]) && { relativeError: relativeError[0] }),
      evaluations: evaluations[0],
      ...(reached && { reached: reached[0] }),
    },
  };
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
