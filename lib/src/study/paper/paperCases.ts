/** The images that the paper's Figures 2 to 9 and S1 to S9 explain, and the classes it explains in them. */

export interface PaperCase {
  /** In the main text and in the supplement. */
  readonly figures: readonly string[];
  /** The image ID that the caption gives. */
  readonly image: string;
  /** As the data set names them. */
  readonly classes: readonly string[];
  /** What the paper shows with it. */
  readonly shows: string;
}

export const paperCases: readonly PaperCase[] = [
  {
    figures: ['2', 'S1'],
    image: 'S2A_MSIL2A_20171002T094031_53_67',
    classes: ['Urban fabric'],
    shows: 'a correct prediction, score 0.99: all methods point at the south-west',
  },
  {
    figures: ['3'],
    image: 'ROIs1970_fall_s2_112_p727',
    classes: ['Water'],
    shows: 'a correct prediction, score 0.99: water in the west and north-west, missed by the guided methods',
  },
  {
    figures: ['S2'],
    image: 'ROIs1158_spring_s2_17_p110',
    classes: ['Water'],
    shows: 'a correct prediction with and without SmoothGrad',
  },
  {
    figures: ['4', 'S3a', 'S3b'],
    image: 'S2A_MSIL2A_20180506T100031_72_48',
    classes: ['Urban fabric', 'Broad-leaved forest'],
    shows: 'two correct predictions of different super-classes, scores above 0.99',
  },
  {
    figures: ['5', 'S4a', 'S4b'],
    image: 'S2A_MSIL2A_20170613T101031_47_45',
    classes: ['Urban fabric', 'Industrial or commercial units'],
    shows: 'two correct predictions of one super-class, scores 0.90 and 0.64',
  },
  {
    figures: ['6', 'S5a', 'S5b'],
    image: 'ROIs1970_fall_s2_35_p297',
    classes: ['Forest', 'Savanna'],
    shows: 'two correct predictions, scores 0.97 and 1.00: only Grad-CAM tells them apart',
  },
  {
    figures: ['7', 'S6'],
    image: 'S2A_MSIL2A_20171002T094031_64_36',
    classes: ['Coniferous forest'],
    shows: 'a wrong prediction: a dark field in the south-east',
  },
  {
    figures: ['8', 'S7'],
    image: 'ROIs1970_fall_s2_116_p703',
    classes: ['Water'],
    shows: 'a wrong prediction, score 0.95: shadows of clouds',
  },
  {
    figures: ['9', 'S8'],
    image: 'ROIs1158_spring_s2_148_p197',
    classes: ['Urban/Built-up'],
    shows: 'a missing label, score 0.97: built-up in the north-west and south-east',
  },
  {
    figures: ['S9'],
    image: 'S2B_MSIL2A_20170930T095019_4_19',
    classes: ['Marine waters'],
    shows: 'further explanations',
  },
];
