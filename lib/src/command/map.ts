/** `landlens map`: explains a whole scene into a GeoTIFF. */
import { resolve } from 'node:path';
import { bindMethods } from '../attribution/explain.js';
import { explainLargeImage } from '../attribution/explainLargeImage.js';
import { openLargeImage } from '../dataset/raster/largeImage.js';
import { isUrl } from '../io/byteSource.js';
import { createProgress } from '../io/progress.js';
import { indexOfClass } from '../model/classMatch.js';
import { oneLine } from '../text.js';
import { print, untilInterrupted, withClassifier } from './commandLine.js';
import { list, numberWhere, option, readArguments, text, wholeNumber } from './option.js';
import { classes, engine as engineName, model, preset, seed } from './sharedOptions.js';

const command = {
  name: 'map',
  positionals: '<image> <out.tif> --class <name>',
  isCount: (count: number, values: { readonly class: readonly string[] }) =>
    count === 2 && values.class.length > 0,
  about:
    "Explains an image larger than the network's input tile by tile. <image> is a GeoTIFF with all bands, the https address of one, " +
    'of which only the parts needed are fetched, or a folder with a GeoTIFF per band (B02.tif or anything_B02.tif). The image is ' +
    'read at full resolution; overviews in the file are not used. <out.tif> has for each class a band of scores and a band for ' +
    'each method.',
  options: {
    class: classes,
    method: list('<id>', 'method, default: grad-cam', text),
    model,
    bands: option('<a,b,...>', "names of the file's bands (default: their descriptions)", text),
    overlap: option(
      '<pixels>',
      'that neighbouring tiles share (default: a quarter of a tile)',
      wholeNumber(0),
    ),
    scale: option(
      '<number>',
      'pixel values times this are reflectance x 10,000',
      numberWhere('a number but 0', (x) => x !== 0),
      '1',
    ),
    offset: option(
      '<number>',
      'added after that',
      numberWhere('a number', () => true),
      '0',
    ),
    engine: engineName,
    preset,
    seed,
  },
};

export async function mapCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { values, positionals } = read;
  const [imagePath, out] = positionals;
  const { overlap, scale, offset, preset, seed } = values;
  const ids = values.method.length > 0 ? values.method : ['grad-cam'];
  return untilInterrupted(
    (signal) =>
      withClassifier(values, async (classifier) => {
        const targets = values.class.map((name) => indexOfClass(name, classifier, '--class'));
        const studied = bindMethods(classifier, ids, { preset, seed });
        const image = await openLargeImage(isUrl(imagePath) ? imagePath : resolve(imagePath), {
          ...{ select: classifier.bands, resampling: classifier.resampling },
          ...{ bands: values.bands?.split(','), scale, offset },
        });
        try {
          const { tiles, bandNames } = await explainLargeImage(image, classifier, resolve(out), {
            ...{ targets, methods: studied, createProgress, signal, overlap },
          });
          const size = `${image.width} x ${image.height} pixels, ${tiles} tiles`;
          print(`${out}: ${size}\n  ${bandNames.map(oneLine).join('\n  ')}`);
        } finally {
          await image.close();
        }
      }),
    { stopped: 'Stopped; nothing was written.' },
  );
}
