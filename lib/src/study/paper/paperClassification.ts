/** Tables 1, 2, S1 and S2 of the paper: how good its classifiers are, for comparison with ours. */

/** F1, recall and precision in percent (the paper does not say how they are averaged); the rest are shares or classes. */
export interface PaperClassification {
  readonly f1: number;
  readonly recall: number;
  readonly precision: number;
  readonly hammingLoss: number;
  readonly oneError: number;
  readonly rankLoss: number;
  readonly coverageError: number;
}

/** A row of the paper as [F1, recall, precision, Hamming loss, one error, rank loss, coverage error]. */
function row(
  f1: number,
  recall: number,
  precision: number,
  hammingLoss: number,
  oneError: number,
  rankLoss: number,
  coverageError: number,
): PaperClassification {
  return { f1, recall, precision, hammingLoss, oneError, rankLoss, coverageError };
}

/** Table 1: BigEarthNet; DenseNet121 is the paper's own, the others are Sumbul et al. (2020). */
export const paperTable1 = {
  'K-Branch CNN': row(72.73, 78.96, 71.61, 0.093, 0.103, 0.056, 4.73),
  VGG16: row(76.01, 75.85, 81.05, 0.077, 0.073, 0.048, 4.603),
  VGG19: row(75.96, 76.71, 79.87, 0.079, 0.071, 0.048, 4.606),
  ResNet50: row(77.11, 77.44, 81.39, 0.075, 0.072, 0.047, 4.613),
  ResNet101: row(76.49, 77.45, 80.18, 0.077, 0.082, 0.049, 4.628),
  ResNet152: row(76.53, 76.24, 81.72, 0.075, 0.072, 0.046, 4.552),
  DenseNet121: row(82.22, 84.7, 83.6, 0.061, 0.029, 0.026, 3.893),
} as const satisfies Readonly<Record<string, PaperClassification>>;

/** Table 2: SEN12MS. */
export const paperTable2 = {
  DenseNet121: row(74.35, 82.46, 73.8, 0.122, 0.138, 0.057, 2.928),
  ResNet50: row(74.62, 83.85, 73.66, 0.123, 0.118, 0.056, 2.943),
} as const satisfies Readonly<Record<string, PaperClassification>>;

/** Table S1: F1 in percent of DenseNet121 on BigEarthNet, by the class names of BigEarthNet-19. */
export const paperTableS1: Readonly<Record<string, number>> = {
  'Urban fabric': 79.51,
  'Industrial or commercial units': 52.79,
  'Arable land': 87.02,
  'Permanent crops': 68.68,
  Pastures: 77.65,
  'Complex cultivation patterns': 72.93,
  'Land principally occupied by agriculture, with significant areas of natural vegetation': 70.18,
  'Agro-forestry areas': 79.97,
  'Broad-leaved forest': 79.82,
  'Coniferous forest': 87.79,
  'Mixed forest': 83.79,
  'Natural grassland and sparsely vegetated areas': 55.22,
  'Moors, heathland and sclerophyllous vegetation': 68.57,
  'Transitional woodland, shrub': 69.97,
  'Beaches, dunes, sands': 63.3,
  'Inland wetlands': 66.79,
  'Coastal wetlands': 63.52,
  'Inland waters': 87.49,
  'Marine waters': 98.7,
};

/** Table S2: F1 in percent on SEN12MS. */
export const paperTableS2 = {
  DenseNet121: {
    Forest: 76.9,
    Shrubland: 46.14,
    Savanna: 84.65,
    Grassland: 70.2,
    Wetlands: 64.48,
    Croplands: 74.89,
    'Urban/Built-up': 79.12,
    'Snow/Ice': 0,
    Barren: 58.85,
    Water: 79.52,
  },
  ResNet50: {
    Forest: 73.97,
    Shrubland: 43.94,
    Savanna: 84.06,
    Grassland: 70.58,
    Wetlands: 66.39,
    Croplands: 76.2,
    'Urban/Built-up': 78.94,
    'Snow/Ice': 0,
    Barren: 68.46,
    Water: 82.16,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;
