/** The land-cover classes of `scenes`, spelled as in BigEarthNet-19, and when an image carries their label. */

export const sceneClasses = [
  'Urban fabric',
  'Industrial or commercial units',
  'Arable land',
  'Permanent crops',
  'Pastures',
  'Broad-leaved forest',
  'Coniferous forest',
  'Natural grassland and sparsely vegetated areas',
  'Moors, heathland and sclerophyllous vegetation',
  'Transitional woodland, shrub',
  'Beaches, dunes, sands',
  'Inland wetlands',
  'Inland waters',
  'Marine waters',
] as const;

export type SceneClass = (typeof sceneClasses)[number];

/** Every class but the sea, which only a coast can bring. */
export type LandClass = Exclude<SceneClass, 'Marine waters'>;

export function classIndex(name: SceneClass): number {
  return sceneClasses.indexOf(name);
}

/** The least share of an image that a class must cover for the image to carry its label. */
export function labelThreshold(name: SceneClass): number {
  return name === 'Beaches, dunes, sands' ? 0.02 : 0.04;
}
