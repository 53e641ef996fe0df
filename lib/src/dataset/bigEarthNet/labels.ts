/** The nomenclatures of BigEarthNet: 43 classes of CORINE Land Cover, and the 19 classes made of them. */

/** The class of the 19 has the name of the CORINE class. */
const same = Symbol();

/**
 * CORINE Land Cover level 3 in its order: its code, its name as BigEarthNet spells it, and the class that it belongs to of
 * the 19 (Sumbul et al. 2021, BigEarthNet-MM). The 11 names in no class (roads, ports, airports, mines, dumps,
 * construction sites, green urban areas, sport facilities, bare rock, burnt areas, intertidal flats) are not labels of
 * that nomenclature.
 */
const corine = [
  [111, 'Continuous urban fabric', 'Urban fabric'],
  [112, 'Discontinuous urban fabric', 'Urban fabric'],
  [121, 'Industrial or commercial units', same],
  [122, 'Road and rail networks and associated land'],
  [123, 'Port areas'],
  [124, 'Airports'],
  [131, 'Mineral extraction sites'],
  [132, 'Dump sites'],
  [133, 'Construction sites'],
  [141, 'Green urban areas'],
  [142, 'Sport and leisure facilities'],
  [211, 'Non-irrigated arable land', 'Arable land'],
  [212, 'Permanently irrigated land', 'Arable land'],
  [213, 'Rice fields', 'Arable land'],
  [221, 'Vineyards', 'Permanent crops'],
  [222, 'Fruit trees and berry plantations', 'Permanent crops'],
  [223, 'Olive groves', 'Permanent crops'],
  [231, 'Pastures', same],
  [241, 'Annual crops associated with permanent crops', 'Permanent crops'],
  [242, 'Complex cultivation patterns', same],
  [243, 'Land principally occupied by agriculture, with significant areas of natural vegetation', same],
  [244, 'Agro-forestry areas', same],
  [311, 'Broad-leaved forest', same],
  [312, 'Coniferous forest', same],
  [313, 'Mixed forest', same],
  [321, 'Natural grassland', 'Natural grassland and sparsely vegetated areas'],
  [322, 'Moors and heathland', 'Moors, heathland and sclerophyllous vegetation'],
  [323, 'Sclerophyllous vegetation', 'Moors, heathland and sclerophyllous vegetation'],
  [324, 'Transitional woodland/shrub', 'Transitional woodland, shrub'],
  [331, 'Beaches, dunes, sands', same],
  [332, 'Bare rock'],
  [333, 'Sparsely vegetated areas', 'Natural grassland and sparsely vegetated areas'],
  [334, 'Burnt areas'],
  [411, 'Inland marshes', 'Inland wetlands'],
  [412, 'Peatbogs', 'Inland wetlands'],
  [421, 'Salt marshes', 'Coastal wetlands'],
  [422, 'Salines', 'Coastal wetlands'],
  [423, 'Intertidal flats'],
  [511, 'Water courses', 'Inland waters'],
  [512, 'Water bodies', 'Inland waters'],
  [521, 'Coastal lagoons', 'Marine waters'],
  [522, 'Estuaries', 'Marine waters'],
  [523, 'Sea and ocean', 'Marine waters'],
] as const satisfies readonly (readonly [code: number, name: string, class19?: string | typeof same])[];

export type Class43 = (typeof corine)[number][1];

/** The 43 names, in CORINE's order. */
export const classes43: readonly Class43[] = corine.map(([, name]) => name);

/** Of each of the 43, the name among the 19, if there is one. */
const names19 = corine.map(([, name, class19]) => (class19 === same ? name : class19));

/** The names of the 19 classes, in their official order, which is that of their first members. */
export const classes19: readonly string[] = [...new Set(names19.filter((name) => name !== undefined))];

const indexOf: Readonly<Record<19 | 43, ReadonlyMap<string, number>>> = {
  19: new Map(classes43.map((name, i) => [name, classes19.indexOf(names19[i] ?? '')])),
  43: new Map(classes43.map((name, i) => [name, i])),
};

/** Whether `label` is one of the 43 CORINE names. */
export const isClass43 = (label: unknown): label is Class43 => indexOf[43].has(String(label));

/** The class indices of CORINE names, ascending and distinct; with 19 classes, names in no class are dropped. */
export function classIndices(labels: readonly Class43[], nomenclature: 19 | 43): readonly number[] {
  const indices = labels.map((label) => indexOf[nomenclature].get(label) ?? -1).filter((index) => index >= 0);
  return [...new Set(indices)].sort((a, b) => a - b);
}

/** 0 and 999: no data; 335: glaciers, which BigEarthNet leaves out; 990 and 995: unclassified land and water. */
const codesOfNoClass = [0, 335, 990, 995, 999];

const indexByCode: ReadonlyMap<number, number> = new Map([
  ...codesOfNoClass.map((code) => [code, -1] as const),
  ...corine.map(([code, name]) => [code, indexOf[19].get(name) ?? -1] as const),
]);

/** The index among the 19 classes of a CORINE code; -1 where it belongs to none; undefined if there is no such code. */
export const class19OfCode = (code: number): number | undefined => indexByCode.get(code);

/** The super-classes of land cover: the five headings of CORINE's level 1, which a code's first digit counts. */
export const superClasses = [
  'Artificial surfaces',
  'Agricultural areas',
  'Forest and semi-natural areas',
  'Wetlands',
  'Water bodies',
] as const;

export type SuperClass = (typeof superClasses)[number];

const superClassByName: ReadonlyMap<string, SuperClass> = new Map(
  corine.flatMap(([code, name], i) =>
    [name, names19[i] ?? name].map((each) => [each, superClasses[Math.floor(code / 100) - 1]] as const),
  ),
);

/**
 * The super-class of a class of either nomenclature of BigEarthNet (the CORINE level 1 heading that the paper's
 * "Artificial Surfaces super-class" names); undefined for other names.
 */
export const superClassOf = (className: string): SuperClass | undefined => superClassByName.get(className);
