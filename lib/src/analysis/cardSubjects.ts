/** What the model cards of the networks that landlens trains are about: rendered scenes, and mosaics of real chips. */
import type { Dataset } from '../dataset/patch.js';
import { scenes } from '../dataset/scenes.js';
import { markdownTable, markdownText } from '../text.js';
import { summariseMissingLabels } from './missingLabels.js';
import { type CardSubject, percent } from './modelCard.js';
import { measureSeams, mosaicComparisons } from './mosaicBiases.js';
import { sceneComparisons } from './sceneBiases.js';

/** A network of `scenes`. */
export function sceneSubject(options: { readonly seed: number; readonly size: number }): CardSubject {
  return {
    dataset: scenes(options),
    about:
      'The default classifier of landlens. It was trained on `scenes`, a data set of **rendered patches, not real imagery**, and is for studying explanations, not for mapping land cover.',
    data: `\`scenes\`, seed ${options.seed}`,
    bands: 'Sentinel-2 L2A bands',
    classes: ', named as in BigEarthNet-19',
    comparisons: sceneComparisons(options),
    sections: (_, scored) => [
      'Missing labels: how often the class is predicted where it is shown but not labelled, and where it is not shown.',
      '',
      ...markdownTable(
        ['class', 'images without the label', 'predicted there', 'predicted where not shown'],
        summariseMissingLabels(scored).map((item) => [
          item.missing,
          String(item.images),
          percent(item.predicted),
          percent(item.predictedElsewhere),
        ]),
      ),
      '',
    ],
  };
}

/**
 * A network of mosaics.
 * @param chips what they are made of
 */
export async function mosaicSubject(dataset: Dataset, chips: Dataset): Promise<CardSubject> {
  return {
    dataset,
    about:
      'Trained on mosaics of four chips of EuroSAT (MIT licence): **real Sentinel-2 pixels, put together by chance**, with exact masks and a planted co-occurrence. It is for studying explanations, not for mapping land cover. EuroSAT itself does not come with landlens: https://zenodo.org/records/7711810.',
    data: markdownText(dataset.name),
    bands: 'bands of a picture',
    classes: ' of EuroSAT',
    comparisons: await mosaicComparisons(chips),
    async sections(classifier) {
      const { images, predicted, recall, wrong } = await measureSeams(classifier, chips);
      return [
        `Seams: of ${images} mosaics of four chips of one class, with seams and nothing else that a mosaic adds, ${percent(recall)} have their class predicted and ${percent(wrong)} another one; ${predicted.toFixed(2)} classes are predicted in the mean, 1 is right.`,
        '',
      ];
    },
  };
}
