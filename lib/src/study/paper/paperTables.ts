/** Tables 3 and S3 of the paper (seconds on an RTX 3070), for comparison with our figures. */

/** The four metrics of one method, in the units of `metrics`; lower is better in all of them. */
export type Scores = Readonly<Record<'maxSensitivity' | 'aucMorf' | 'fileSize' | 'seconds', number>>;

/** The two columns of the paper: BigEarthNet at 120 x 120 pixels, SEN12MS at 256 x 256. */
export type PaperDataset = 'bigEarthNet' | 'sen12ms';

function scores(maxSensitivity: number, aucMorf: number, fileSize: number, seconds: number): Scores {
  return { maxSensitivity, aucMorf, fileSize, seconds };
}

/** Table 3 by method id: DenseNet-121. */
export const paperTable3: Readonly<Record<string, Readonly<Record<PaperDataset, Scores>>>> = {
  saliency: { bigEarthNet: scores(0.55, 21.47, 6.22, 0.07), sen12ms: scores(0.27, 36.92, 23.35, 0.08) },
  'saliency-sg': { bigEarthNet: scores(0.24, 19.57, 5.71, 1.75), sen12ms: scores(0.14, 36.32, 22.54, 1.94) },
  'input-x-gradient': {
    bigEarthNet: scores(0.59, 26.15, 5.7, 0.05),
    sen12ms: scores(0.3, 38.8, 18.07, 0.06),
  },
  'input-x-gradient-sg': {
    bigEarthNet: scores(0.29, 25.9, 5.43, 0.14),
    sen12ms: scores(0.16, 38.67, 17.68, 0.24),
  },
  'integrated-gradients': {
    bigEarthNet: scores(0.38, 25.64, 5.07, 0.23),
    sen12ms: scores(0.26, 37.4, 17.91, 0.36),
  },
  'integrated-gradients-sg': {
    bigEarthNet: scores(0.19, 25.5, 4.86, 4.47),
    sen12ms: scores(0.13, 37.64, 16.72, 7.96),
  },
  'guided-backpropagation': {
    bigEarthNet: scores(0.36, 23.14, 5.5, 0.06),
    sen12ms: scores(0.23, 34.67, 22.68, 0.07),
  },
  'grad-cam': { bigEarthNet: scores(0.14, 16.38, 1.89, 0.03), sen12ms: scores(0.03, 23.62, 6.31, 0.03) },
  'guided-grad-cam': {
    bigEarthNet: scores(0.5, 23.66, 4.57, 0.08),
    sen12ms: scores(0.23, 35.71, 16.55, 0.1),
  },
  deeplift: { bigEarthNet: scores(0.42, 23.41, 5.65, 0.11), sen12ms: scores(0.25, 34.65, 19.33, 0.13) },
  occlusion: { bigEarthNet: scores(0.14, 16.32, 3.02, 8.73), sen12ms: scores(0.03, 28.87, 3.84, 29.71) },
  lime: { bigEarthNet: scores(0.2, 14.39, 3.24, 5.8), sen12ms: scores(0.11, 27.65, 7.91, 18.67) },
};

/** The ResNet-50 columns of Table S3 by method id: SEN12MS; its DenseNet-121 columns are those of Table 3. */
export const paperTableS3: Readonly<Record<string, Omit<Scores, 'seconds'>>> = {
  saliency: { maxSensitivity: 0.35, aucMorf: 33.96, fileSize: 19.57 },
  'saliency-sg': { maxSensitivity: 0.16, aucMorf: 33.3, fileSize: 18.94 },
  'input-x-gradient': { maxSensitivity: 0.39, aucMorf: 37.13, fileSize: 15.4 },
  'input-x-gradient-sg': { maxSensitivity: 0.21, aucMorf: 37.31, fileSize: 14.88 },
  'integrated-gradients': { maxSensitivity: 0.3, aucMorf: 36.69, fileSize: 16.43 },
  'integrated-gradients-sg': { maxSensitivity: 0.16, aucMorf: 36.79, fileSize: 15.26 },
  'guided-backpropagation': { maxSensitivity: 0.27, aucMorf: 36.97, fileSize: 10.9 },
  'grad-cam': { maxSensitivity: 0.05, aucMorf: 25.7, fileSize: 6.45 },
  'guided-grad-cam': { maxSensitivity: 0.3, aucMorf: 37.16, fileSize: 7.45 },
  deeplift: { maxSensitivity: 0.36, aucMorf: 34.39, fileSize: 15.82 },
  occlusion: { maxSensitivity: 0.06, aucMorf: 28.5, fileSize: 7.28 },
  lime: { maxSensitivity: 0.18, aucMorf: 28.06, fileSize: 8.65 },
};
