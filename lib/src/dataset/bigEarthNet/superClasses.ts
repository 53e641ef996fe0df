/** The super-classes of land cover: the five headings of CORINE Land Cover's level 1. */
import { classes19, classes43, classIndices } from './labels.js';

export const superClasses = [
  'Artificial surfaces',
  'Agricultural areas',
  'Forest and semi-natural areas',
  'Wetlands',
  'Water bodies',
] as const;

export type SuperClass = (typeof superClasses)[number];

/** The first class of each super-class; CORINE's order keeps a super-class together. */
const firstOf = [
  'Continuous urban fabric',
  'Non-irrigated arable land',
  'Broad-leaved forest',
  'Inland marshes',
  'Water courses',
] as const satisfies readonly (typeof classes43)[number][];

/** By class name; a class of the 19 has the super-class of its members, which is the same for all of them. */
const byName: ReadonlyMap<string, SuperClass> = new Map(
  classes43.flatMap((name, i): [string, SuperClass][] => {
    const superClass = superClasses[firstOf.filter((first) => classes43.indexOf(first) <= i).length - 1];
    return [name, ...classIndices([name], 19).map((index) => classes19[index])].map((each) => [
      each,
      superClass,
    ]);
  }),
);

/**
 * The super-class of a class of either nomenclature of BigEarthNet (the CORINE level 1 heading that the paper's
 * "Artificial Surfaces super-class" names); undefined for other names.
 */
export function superClassOf(className: string): SuperClass | undefined {
  return byName.get(className);
}
