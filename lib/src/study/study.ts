/** What a study is: images of a data set, a classifier, methods and their parameters; and what tells it from others. */
import { cpus } from 'node:os';
import type { Method } from '../attribution/attribution.js';
import type { Preset } from '../attribution/methods.js';
import { passesOf } from '../attribution/passes.js';
import type { Dataset } from '../dataset/patch.js';
import { versionsOf } from '../engine/versions.js';
import { type Manifest, studyId } from './manifest.js';
import { presets } from './presets.js';
import { randomBaseline, type StudyFacts } from './records.js';
import { everyTestImage, type Selection } from './selection.js';
import { describedAs, type StudiedClassifier } from './subject.js';

export interface Study {
  readonly dataset: Dataset;
  readonly classifier: StudiedClassifier;
  readonly methods: readonly Method[];
  readonly preset: Preset;
  readonly seed: number;
  /** Number of images. */
  readonly images: number;
  /** Which images (default: all of the test split). */
  readonly selection?: Selection;
  /** Where manifest, records, maps and sheets are kept. */
  readonly folder: string;
}

/** The ids of all that a study measures of an image: the random baseline first. */
export const idsOf = (methods: readonly Pick<Method, 'id'>[]): readonly string[] => [
  randomBaseline,
  ...methods.map(({ id }) => id),
];

/** Processor and threads, which the seconds depend on, and what computed in place of them. */
export function deviceOf(classifier: StudiedClassifier): string {
  const { threads, accelerator } = classifier.engine;
  const processor = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return accelerator === undefined ? processor : `${accelerator} beside ${processor}`;
}

/** What all records of the study share. */
export const factsOf = (manifest: Manifest): StudyFacts => ({
  study: studyId(manifest),
  ...{ seed: manifest.seed, preset: manifest.preset, versions: manifest.versions },
  model: manifest.model.hash,
});

/** The network passes, roughly, of measuring an image by a method's id: its explanations, and the steps of MoRF. */
export function costOf({
  methods,
  preset,
  classifier,
}: Pick<Study, 'methods' | 'preset' | 'classifier'>): (id: string) => number {
  const { repeats, draws, fraction } = presets[preset];
  const [height, width] = classifier.size;
  const perturbed = Math.log(height * width) / -Math.log(1 - fraction);
  const passes = passesOf(methods);
  return (id) => perturbed + (id === randomBaseline ? 0 : (repeats + draws) * passes(id));
}

export function manifestOf({
  dataset,
  classifier,
  preset,
  seed,
  selection = everyTestImage,
}: Omit<Study, 'methods' | 'images' | 'folder'>): Manifest {
  // The study of all test images needs no word, so that folders of earlier versions go on.
  const isEvery = JSON.stringify(selection) === JSON.stringify(everyTestImage);
  return {
    format: 'landlens study 2',
    dataset: { name: dataset.name, rendered: dataset.rendered, testImages: dataset.count('test') },
    model: { name: classifier.name, hash: classifier.hash, description: describedAs(classifier) },
    preset,
    seed,
    ...(isEvery ? {} : { selection: { ...selection } }),
    measurement: { ...presets[preset] },
    versions: versionsOf(classifier.engine),
    methods: {},
  };
}
