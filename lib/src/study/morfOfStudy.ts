/** The MoRF results of a study, in the form that the figures take. */
import type { NamedCurve } from '../figure/morfCurves.js';
import { randomBaseline, type StudyRecord } from './records.js';
import type { StudySummary } from './summary.js';

export interface MorfOfStudy {
  /** Mean curves of the methods, by ascending area: the best first. */
  readonly curves: readonly (NamedCurve & { readonly id: string })[];
  /** That of pixels ranked at random. */
  readonly baseline: NamedCurve;
  /** The area of each image, by method id. */
  readonly areas: ReadonlyMap<string, readonly number[]>;
}

export function morfOfStudy({
  summary,
  records,
}: {
  readonly summary: StudySummary;
  readonly records: readonly StudyRecord[];
}): MorfOfStudy {
  const all = summary.methods
    .map(({ id, name, morf, scores }) => ({ id, name, scores: morf, area: scores.aucMorf ?? 0 }))
    .sort((a, b) => a.area - b.area);
  const [baseline] = all.filter(({ id }) => id === randomBaseline);
  const areasOf = (id: string): readonly number[] =>
    records.filter(({ method }) => method === id).map(({ metrics }) => metrics.aucMorf);
  return {
    curves: all.filter(({ id }) => id !== randomBaseline),
    baseline,
    areas: new Map(all.map(({ id }) => [id, areasOf(id)])),
  };
}
