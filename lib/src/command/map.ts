/** `landlens map`: explains a whole scene into a GeoTIFF. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { explainLargeImage } from '../attribution/explainLargeImage.js';
import { methods } from '../attribution/methods.js';
import { studiedMethod } from '../attribution/studiedMethods.js';
import { openLargeImage } from '../dataset/raster/largeImage.js';
import { defaultEngine, openEngine, parseEngine } from '../engine/engines.js';
import { InputError } from '../error.js';
import { isUrl } from '../io/byteSource.js';
import { createProgress } from '../io/progress.js';
import { openClassifier } from '../model/classifierFile.js';
import { indexOfClass } from '../model/classMatch.js';
import { defaultModel } from '../model/defaultModel.js';
import { presetNames } from '../study/presets.js';
import { oneLine } from '../text.js';
import { engineHelp, interrupted, listenForInterrupt, parseNumber, parseSeed, print } from './commandLine.js';

const mapUsage = `Usage: landlens map <image> <out.tif> --class <name> [options]

Explains an image larger than the network's input tile by tile. <image> is a GeoTIFF with all bands, the
https address of one, of which only the parts needed are fetched, or a folder with a GeoTIFF per band (B02.tif or
anything_B02.tif). The image is read at full resolution; overviews in the file are not used. <out.tif> has for each class a band of scores and a band for each method.

  --class <name>        class to explain; give it again for more
  --method <id>         give it again for more (default grad-cam)
  --model <file.onnx>   classifier (default: the shipped one, trained on rendered scenes)
  --bands <a,b,...>     names of the file's bands (default: their descriptions)
  --overlap <pixels>    that neighbouring tiles share (default a quarter of a tile)
  --scale <x>           pixel values times this are reflectance x 10,000 (default 1)
  --offset <x>          added after that (default 0)
  ${engineHelp(22)}
  --preset <name>       ${presetNames.join(' or ')} (default quick)
  --seed <n>            (default 0)
  --help                this text

Methods: ${methods.map(({ id }) => id).join(', ')}`;

/** The command, with the arguments after `map`; returns its exit status. */
export async function mapCommand(argv: readonly string[]): Promise<number> {
  const empty: string[] = [];
  const many = { type: 'string', multiple: true, default: empty } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      ...{ class: many, method: many },
      model: { type: 'string', default: defaultModel },
      bands: { type: 'string' },
      overlap: { type: 'string' },
      scale: { type: 'string', default: '1' },
      offset: { type: 'string', default: '0' },
      engine: { type: 'string', default: defaultEngine },
      preset: { type: 'string', default: 'quick' },
      seed: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(mapUsage);
    return 0;
  }
  const [imagePath, out, ...more] = positionals;
  if (out === undefined || more.length > 0 || values.class.length === 0) {
    throw new InputError({
      what: 'another number of arguments',
      where: 'landlens map',
      expected: '<image> <out.tif> --class <name>',
      got: argv.join(' ') || 'none',
      todo: 'See landlens map --help.',
    });
  }
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  const seed = parseSeed(values.seed);
  const overlap =
    values.overlap === undefined
      ? undefined
      : parseNumber('overlap', values.overlap, isWhole, 'a whole number from 0');
  const scale = parseNumber('scale', values.scale, (x) => Number.isFinite(x) && x !== 0, 'a number but 0');
  const offset = parseNumber('offset', values.offset, Number.isFinite, 'a number');
  const preset = presetNames.find((name) => name === values.preset);
  if (preset === undefined) {
    throw new InputError({
      what: 'not a preset',
      where: '--preset',
      expected: presetNames.join(' or '),
      got: `"${values.preset}"`,
    });
  }
  const ids = values.method.length > 0 ? values.method : ['grad-cam'];
  const engine = await openEngine(parseEngine(values.engine));
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(resolve(values.model), { engine });
    const targets = values.class.map((name) => indexOfClass(name, classifier, '--class'));
    const studied = ids.map((id) => studiedMethod(classifier, { preset, seed }, id));
    const image = await openLargeImage(isUrl(imagePath) ? imagePath : resolve(imagePath), {
      ...{ select: classifier.bands, scale, offset },
      ...(values.bands !== undefined && { bands: values.bands.split(',') }),
    });
    try {
      const { tiles, bandNames } = await explainLargeImage(image, classifier, resolve(out), {
        ...{ targets, methods: studied, createProgress, signal },
        ...(overlap !== undefined && { overlap }),
      });
      print(
        `${out}: ${image.width} x ${image.height} pixels, ${tiles} tiles\n  ${bandNames.map(oneLine).join('\n  ')}`,
      );
      return 0;
    } finally {
      await image.close();
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print('Stopped; nothing was written.');
    return interrupted;
  } finally {
    await engine.dispose();
  }
}
