/** How the parts of a study share its work, so that they end together. */
import type { Unit } from '../measureUnits.js';
import type { PlannedImage } from './plan.js';

export interface Sharing {
  readonly shards: number;
  /** What measuring an image by each method costs, in any unit, the random baseline among them. */
  readonly costs: Readonly<Record<string, number>>;
}

/** How many images, the first of a plan, parts get whole: image i goes to part i mod shards. */
export const wholeImages = (images: number, shards: number): number => images - (images % shards);

/**
 * The units of every part. Images cost about the same, so each part gets equally many whole ones, image i of the plan to part
 * i mod shards; the images that are left, fewer than parts, are shared out method by method, the dearest first, each
 * to the part that has least to do.
 */
export function shareOut(
  images: readonly PlannedImage[],
  { shards, costs }: Sharing,
): readonly (readonly Unit[])[] {
  const ids = Object.keys(costs);
  const whole = wholeImages(images.length, shards);
  const parts = Array.from({ length: shards }, (): Unit[] => []);
  for (const [i, { index, target }] of images.slice(0, whole).entries()) {
    parts[i % shards].push({ index, target, methods: ids });
  }
  const loads = parts.map(() => 0);
  const rest = images.slice(whole).flatMap((image) => ids.map((id) => ({ image, id })));
  const shared = parts.map(() => new Map<PlannedImage, string[]>());
  for (const { image, id } of rest.sort((a, b) => costs[b.id] - costs[a.id])) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += costs[id];
    shared[least].set(image, [...(shared[least].get(image) ?? []), id]);
  }
  return parts.map((units, part) => [
    ...units,
    ...[...shared[part]].map(([{ index, target }, chosen]) => ({
      ...{ index, target },
      methods: ids.filter((id) => chosen.includes(id)),
    })),
  ]);
}
