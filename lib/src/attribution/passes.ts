/** What estimates of time weigh methods by: the network passes that an explanation takes, roughly. */
import type { Method } from './attribution.js';

/**
 * A gradient: forward, and back with twice the work. Processor time on the default network, in forward passes: Saliency
 * 2.9, Grad-CAM 1.1, a step of Integrated Gradients 2.4, DeepLift 7.1, a window of Occlusion 1.0, a sample of LIME 1.1.
 */
export const gradientPasses = 3;

/** Passes that one explanation takes, by the method's id; a gradient's where a method does not say. */
export function passesOf(methods: readonly Pick<Method, 'id' | 'passes'>[]): (id: string) => number {
  const known = new Map(methods.map(({ id, passes }) => [id, passes]));
  return (id) => known.get(id) ?? gradientPasses;
}
