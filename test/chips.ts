/** Chips of one class each, as mosaics are made of. */
import type { Dataset, Split } from '../lib/src/dataset/patch.js';
import { splitNames } from '../lib/src/dataset/splitNames.js';

export const chipClasses = ['Pasture', 'River', 'Forest', 'Industrial', 'Highway'];
/** In pixels. */
export const chipSide = 4;
const [classes, side, perClass] = [chipClasses, chipSide, 6];

/** Chips whose values say what they are: 1000 split + 100 class + number in band 0, the negative in band 1. */
export function chips(change: Partial<Dataset> = {}): Dataset {
  const names = classes.flatMap((name) => Array.from({ length: perClass }, (_, i) => `${name}_${i}`)).sort();
  const { count, nameOf, find } = splitNames({ train: names, validation: names, test: names }, 'chips');
  const code = (split: Split, name: string): number => {
    const [label, number] = name.split('_');
    return (
      1000 * ['train', 'validation', 'test'].indexOf(split) + 100 * classes.indexOf(label) + Number(number)
    );
  };
  const labelsOf = (name: string): number[] => [classes.indexOf(name.split('_')[0])];
  return {
    ...{ name: 'chips', bands: ['B04', 'B02'], classes, rendered: false, size: side, units: 'numbers' },
    ...{ statistics: { mean: [0, 0], deviation: [1, 1] }, count, nameOf, find },
    read: async (split, index) => {
      const name = nameOf(split, index);
      const data = Float32Array.from({ length: 2 * side * side }, (_, i) =>
        i < side * side ? code(split, name) : -code(split, name),
      );
      return { name, image: { data, shape: [2, side, side] }, bands: ['B04', 'B02'], labels: labelsOf(name) };
    },
    readLabels: async (split, index) => labelsOf(nameOf(split, index)),
    ...change,
  };
}
