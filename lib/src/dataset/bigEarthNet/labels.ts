/** The two nomenclatures of BigEarthNet v1: 43 CORINE Land Cover names, and the 19 classes made of them. */

/** CORINE Land Cover level 3 as BigEarthNet spells it, in CORINE's order. */
export const classes43 = [
  'Continuous urban fabric',
  'Discontinuous urban fabric',
  'Industrial or commercial units',
  'Road and rail networks and associated land',
  'Port areas',
  'Airports',
  'Mineral extraction sites',
  'Dump sites',
  'Construction sites',
  'Green urban areas',
  'Sport and leisure facilities',
  'Non-irrigated arable land',
  'Permanently irrigated land',
  'Rice fields',
  'Vineyards',
  'Fruit trees and berry plantations',
  'Olive groves',
  'Pastures',
  'Annual crops associated with permanent crops',
  'Complex cultivation patterns',
  'Land principally occupied by agriculture, with significant areas of natural vegetation',
  'Agro-forestry areas',
  'Broad-leaved forest',
  'Coniferous forest',
  'Mixed forest',
  'Natural grassland',
  'Moors and heathland',
  'Sclerophyllous vegetation',
  'Transitional woodland/shrub',
  'Beaches, dunes, sands',
  'Bare rock',
  'Sparsely vegetated areas',
  'Burnt areas',
  'Inland marshes',
  'Peatbogs',
  'Salt marshes',
  'Salines',
  'Intertidal flats',
  'Water courses',
  'Water bodies',
  'Coastal lagoons',
  'Estuaries',
  'Sea and ocean',
] as const;

export type Class43 = (typeof classes43)[number];

/**
 * The 19-class nomenclature (Sumbul et al. 2021, BigEarthNet-MM): each class and the CORINE names in it.
 * The 11 CORINE names in no class (roads, ports, airports, mines, dumps, construction sites, green urban
 * areas, sport facilities, bare rock, burnt areas, intertidal flats) are not labels of this nomenclature.
 */
const grouping: readonly (readonly [name: string, members: readonly Class43[]])[] = [
  ['Urban fabric', ['Continuous urban fabric', 'Discontinuous urban fabric']],
  ['Industrial or commercial units', ['Industrial or commercial units']],
  ['Arable land', ['Non-irrigated arable land', 'Permanently irrigated land', 'Rice fields']],
  [
    'Permanent crops',
    [
      'Vineyards',
      'Fruit trees and berry plantations',
      'Olive groves',
      'Annual crops associated with permanent crops',
    ],
  ],
  ['Pastures', ['Pastures']],
  ['Complex cultivation patterns', ['Complex cultivation patterns']],
  [
    'Land principally occupied by agriculture, with significant areas of natural vegetation',
    ['Land principally occupied by agriculture, with significant areas of natural vegetation'],
  ],
  ['Agro-forestry areas', ['Agro-forestry areas']],
  ['Broad-leaved forest', ['Broad-leaved forest']],
  ['Coniferous forest', ['Coniferous forest']],
  ['Mixed forest', ['Mixed forest']],
  ['Natural grassland and sparsely vegetated areas', ['Natural grassland', 'Sparsely vegetated areas']],
  ['Moors, heathland and sclerophyllous vegetation', ['Moors and heathland', 'Sclerophyllous vegetation']],
  ['Transitional woodland, shrub', ['Transitional woodland/shrub']],
  ['Beaches, dunes, sands', ['Beaches, dunes, sands']],
  ['Inland wetlands', ['Inland marshes', 'Peatbogs']],
  ['Coastal wetlands', ['Salt marshes', 'Salines']],
  ['Inland waters', ['Water courses', 'Water bodies']],
  ['Marine waters', ['Coastal lagoons', 'Estuaries', 'Sea and ocean']],
];

/** The names of the 19 classes, in their official order. */
export const classes19: readonly string[] = grouping.map(([name]) => name);

const index43: ReadonlyMap<string, number> = new Map(classes43.map((name, index) => [name, index]));

const index19: ReadonlyMap<string, number> = new Map(
  grouping.flatMap(([, members], index) => members.map((member): [string, number] => [member, index])),
);

/** Whether `label` is one of the 43 CORINE names. */
export function isClass43(label: string): label is Class43 {
  return index43.has(label);
}

/** The class indices of CORINE names, ascending and distinct; with 19 classes, names in no class are dropped. */
export function classIndices(labels: readonly Class43[], nomenclature: 19 | 43): readonly number[] {
  const indexOf = nomenclature === 43 ? index43 : index19;
  const indices = labels.map((label) => indexOf.get(label)).filter((index) => index !== undefined);
  return [...new Set(indices)].sort((a, b) => a - b);
}
