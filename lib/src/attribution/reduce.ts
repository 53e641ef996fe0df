/** From values per band to one relevance per pixel: the sum over bands, then its sign kept, dropped or cut. */
import { type Tensor, zeros } from '../tensor.js';
import type { Attribution } from './attribution.js';

/** The signed sum; its absolute value (Saliency, Input x Gradient and Integrated Gradients in the paper); or its positive part. */
export type Reduction = 'sum' | 'absolute' | 'positive';

const finish: Readonly<Record<Reduction, (value: number) => number>> = {
  sum: (value) => value,
  absolute: Math.abs,
  positive: (value) => Math.max(value, 0),
};

/** [images, height, width] from an attribution's [images, bands, height, width]. */
export function relevance({ values }: Pick<Attribution, 'values'>, reduction: Reduction): Tensor {
  const [images, bands, height, width] = values.shape;
  const area = height * width;
  const result = zeros([images, height, width]);
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < area; i++) {
      let sum = 0;
      for (let band = 0; band < bands; band++) sum += values.data[(n * bands + band) * area + i];
      result.data[n * area + i] = finish[reduction](sum);
    }
  }
  return result;
}
