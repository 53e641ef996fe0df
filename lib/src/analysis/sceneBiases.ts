/** The biases planted in `scenes`: the same scenes rendered without and with each. */
import type { Patch } from '../dataset/patch.js';
import { classIndex, type SceneClass } from '../dataset/scenes/classes.js';
import { type ScenesOptions, scenes } from '../dataset/scenes.js';
import type { Comparison } from './plantedBiases.js';

const has = (patch: Patch, name: SceneClass): boolean => patch.labels.includes(classIndex(name));

interface Rendered extends Pick<Comparison, 'bias' | 'among' | 'isTaken'> {
  readonly classes: readonly SceneClass[];
  readonly without: ScenesOptions;
  readonly with: ScenesOptions;
}

const rendered: readonly Rendered[] = [
  {
    bias: 'sea beside the beach',
    classes: ['Beaches, dunes, sands'],
    among: 'images labelled Beaches, dunes, sands, rocky coasts aside',
    isTaken: (patch) => has(patch, 'Beaches, dunes, sands') && patch.facts?.landscape !== 'rockyCoast',
    without: { marineBesideBeach: 'never' },
    with: { marineBesideBeach: 'always' },
  },
  {
    bias: 'sensor artefact',
    classes: ['Permanent crops'],
    among: 'images without the label Permanent crops',
    isTaken: (patch) => !has(patch, 'Permanent crops'),
    without: { artefact: 'never' },
    with: { artefact: 'always' },
  },
  {
    bias: 'sensor artefact',
    classes: ['Permanent crops'],
    among: 'images labelled Permanent crops',
    isTaken: (patch) => has(patch, 'Permanent crops'),
    without: { artefact: 'never' },
    with: { artefact: 'always' },
  },
  {
    bias: 'cloud shadow',
    classes: ['Inland waters', 'Marine waters'],
    among: 'images without a water label',
    isTaken: (patch) => !has(patch, 'Inland waters') && !has(patch, 'Marine waters'),
    without: { cloudShadow: 'never' },
    with: { cloudShadow: 'always' },
  },
];

/**
 * What `measureBiases` compares for a network of `scenes`.
 * @param options seed and size of the scenes
 */
export const sceneComparisons = (options: Pick<ScenesOptions, 'seed' | 'size'> = {}): readonly Comparison[] =>
  rendered.map((comparison) => ({
    ...comparison,
    dataset: scenes(options),
    without: scenes({ ...options, ...comparison.without }),
    with: scenes({ ...options, ...comparison.with }),
  }));
