/** The paper's claims about Table 3, each as a margin that is above 0 where the claim holds. */
import { median } from 'simple-statistics';
import { pearson } from '../../analysis/correlation.js';
import type { MetricId, MetricValues } from '../../metric/metrics.js';
import { randomBaseline } from '../records.js';

/** Means over images by method id, the random baseline among them where it was measured. */
export type MethodScores = Readonly<Record<string, MetricValues>>;

export interface PaperClaim {
  readonly id: string;
  /** The paper's, in one sentence. */
  readonly claim: string;
  /** Where it says so. */
  readonly section: string;
  /** What the margin is, and in which unit. */
  readonly meaning: string;
  /** Above 0 where the claim holds; undefined where a method or metric is missing. */
  marginOf(scores: MethodScores): number | undefined;
}

const coarse: readonly string[] = ['occlusion', 'lime', 'grad-cam'];
const smoothed = ['saliency', 'input-x-gradient', 'integrated-gradients'] as const;

/** The value of every method but the baseline; undefined where one lacks it. */
function valuesOf(scores: MethodScores, metric: MetricId): ReadonlyMap<string, number> | undefined {
  const values = new Map<string, number>();
  for (const [id, own] of Object.entries(scores)) {
    if (id === randomBaseline) continue;
    const value = own[metric];
    if (value === undefined) return undefined;
    values.set(id, value);
  }
  return values;
}

/** How far the lowest of the other methods lies above the highest of these. */
const lowest =
  (metric: MetricId, ids: readonly string[]) =>
  (scores: MethodScores): number | undefined => {
    const values = valuesOf(scores, metric);
    if (values === undefined || ids.some((id) => !values.has(id)) || values.size === ids.length)
      return undefined;
    const of = (isChosen: boolean) =>
      [...values].filter(([id]) => ids.includes(id) === isChosen).map(([, value]) => value);
    return Math.min(...of(false)) - Math.max(...of(true));
  };

/** How far a method lies above the highest of the others. */
const highest =
  (metric: MetricId, id: string) =>
  (scores: MethodScores): number | undefined => {
    const values = valuesOf(scores, metric);
    const own = values?.get(id);
    if (values === undefined || own === undefined || values.size < 2) return undefined;
    return own - Math.max(...[...values].filter(([other]) => other !== id).map(([, value]) => value));
  };

/** What SmoothGrad takes from each of the three methods that the paper combines it with. */
const gains =
  (metric: MetricId, summarise: (gains: number[]) => number) =>
  (scores: MethodScores): number | undefined => {
    const values = valuesOf(scores, metric);
    const differences = smoothed.flatMap((id) => {
      const [plain, smooth] = [values?.get(id), values?.get(`${id}-sg`)];
      return plain === undefined || smooth === undefined ? [] : [plain - smooth];
    });
    return differences.length === smoothed.length ? summarise(differences) : undefined;
  };

/** How much nearer to the random baseline a method lies than any other. */
const nearestToRandom =
  (id: string) =>
  (scores: MethodScores): number | undefined => {
    const values = valuesOf(scores, 'aucMorf');
    const random = scores[randomBaseline]?.aucMorf;
    const own = values?.get(id);
    if (values === undefined || random === undefined || own === undefined) return undefined;
    const others = [...values].filter(([other]) => other !== id);
    return Math.min(...others.map(([, value]) => Math.abs(value - random))) - Math.abs(own - random);
  };

const simplerIsSteadier = (scores: MethodScores): number | undefined => {
  const [sizes, sensitivities] = [valuesOf(scores, 'fileSize'), valuesOf(scores, 'maxSensitivity')];
  if (sizes === undefined || sensitivities === undefined || sizes.size < 3) return undefined;
  const series = [[...sizes.values()], [...sensitivities.values()]] as const;
  return series.every((values) => new Set(values).size > 1) ? pearson(...series).r : undefined;
};

const three = 'between the highest of the three and the lowest of the others';

/** In the paper's order. The qualitative ones, about what single maps show, are asked elsewhere. */
export const paperClaims: readonly PaperClaim[] = [
  {
    id: 'steadiest',
    claim: 'Occlusion, LIME and Grad-CAM have the lowest Max-Sensitivity.',
    ...{ section: '3.1, 4.1', meaning: `Max-Sensitivity ${three}` },
    marginOf: lowest('maxSensitivity', coarse),
  },
  {
    id: 'least-steady',
    claim: 'Input x Gradient has the highest Max-Sensitivity.',
    ...{ section: '3.1', meaning: 'Max-Sensitivity above the highest of the others' },
    marginOf: highest('maxSensitivity', 'input-x-gradient'),
  },
  {
    id: 'smoothgrad-steadies',
    claim: 'SmoothGrad lowers the Max-Sensitivity of Saliency, Input x Gradient and Integrated Gradients.',
    ...{ section: '3.1, 4.1', meaning: 'Max-Sensitivity, the least of the three gains' },
    marginOf: gains('maxSensitivity', (all) => Math.min(...all)),
  },
  {
    id: 'most-faithful',
    claim: 'Occlusion, LIME and Grad-CAM have the lowest AUC-MoRF.',
    ...{ section: '3.1, 4.1', meaning: `score x iterations ${three}` },
    marginOf: lowest('aucMorf', coarse),
  },
  {
    id: 'least-faithful',
    claim: 'Input x Gradient has the highest AUC-MoRF.',
    ...{ section: '3.1', meaning: 'score x iterations above the highest of the others' },
    marginOf: highest('aucMorf', 'input-x-gradient'),
  },
  {
    id: 'nearest-to-random',
    claim: 'The curve of Input x Gradient is the nearest to that of random order.',
    ...{ section: '3.1', meaning: 'score x iterations by which the next method is farther' },
    marginOf: nearestToRandom('input-x-gradient'),
  },
  {
    id: 'smoothgrad-helps',
    claim: 'SmoothGrad lowers AUC-MoRF in most cases.',
    ...{ section: '3.1', meaning: 'score x iterations, the median of the three gains' },
    marginOf: gains('aucMorf', median),
  },
  {
    id: 'simpler-is-steadier',
    claim: 'File size and Max-Sensitivity are positively correlated.',
    ...{ section: '3.1', meaning: "Pearson's r over the methods" },
    marginOf: simplerIsSteadier,
  },
  {
    id: 'smallest',
    claim: 'Occlusion, LIME and Grad-CAM have the smallest files.',
    ...{ section: '3.1, 4.1', meaning: `KB ${three}` },
    marginOf: lowest('fileSize', coarse),
  },
  {
    id: 'fastest',
    claim: 'Grad-CAM takes the least time.',
    ...{ section: '3.1, 4.1', meaning: 'seconds less than the next method' },
    marginOf: lowest('seconds', ['grad-cam']),
  },
];
