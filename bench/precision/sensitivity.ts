/**
 * Max-Sensitivity by the number of samples: how much of it is the method's, and how much its sampling's. A map of N samples
 * is that of endless ones and a rest whose square falls as 1 / N, so that s² = m² + c / N is fitted: m is the method's own.
 * Images, target, neighbours and seeds are those of `npm run reproduce` with the same number of images.
 *
 *   node --import ./test/typescript.mjs bench/precision/sensitivity.ts --images 4 --method saliency-sg-paired --counts 24,28,30
 */
import { parseArgs } from 'node:util';
import { scenes } from 'landlens/dataset/scenes';
import { failAt } from 'landlens/error';
import { maxSensitivity } from 'landlens/metric/robustness/maxSensitivity';
import { openClassifier } from 'landlens/model';
import { createRandom } from 'landlens/random';
import { chooseImages, readSubject } from 'landlens/study/subject';
import { markdownTable } from 'landlens/text';
import { linearRegression } from 'simple-statistics';
import { variants } from './variants.js';

const { values: given } = parseArgs({
  options: {
    images: { type: 'string', default: '4' },
    /** The first of the images that is measured. */
    from: { type: 'string', default: '0' },
    method: { type: 'string', default: 'saliency-sg-paired' },
    counts: { type: 'string', default: '8,24,48' },
    draws: { type: 'string', default: '10' },
  },
});
const variant = variants.find(({ id }) => id === given.method);
if (variant === undefined) {
  throw failAt('--method')('not a method', `one of ${variants.map(({ id }) => id).join(', ')}`, given.method);
}
const counts = given.counts.split(',').map(Number);
const seed = 0;
const classifier = await openClassifier();
const dataset = scenes({ size: 120 });
const images = chooseImages(dataset, Number(given.images), seed).slice(Number(given.from));
const table: (readonly string[])[] = [];
for (const index of images) {
  const { input, target, patch } = await readSubject(dataset, classifier, index);
  const sensitivities: number[] = [];
  for (const count of counts) {
    const [sensitivity] = await maxSensitivity(
      variant.create(classifier, count, seed),
      input,
      [target.index],
      {
        draws: Number(given.draws),
        seed: createRandom(seed, 'study', patch.name).integer(2 ** 31),
      },
    );
    sensitivities.push(sensitivity);
    process.stderr.write(`${patch.name}, ${count} samples: ${sensitivity.toFixed(4)}\n`);
  }
  const { b } = linearRegression(sensitivities.map((s, i) => [1 / counts[i], s ** 2]));
  const own = counts.length > 1 ? Math.sqrt(Math.max(0, b)).toFixed(4) : '';
  table.push([patch.name, ...sensitivities.map((s) => s.toFixed(4)), own]);
}
await classifier.dispose();
const header = ['Image', ...counts.map((count) => `${count} samples`), 'Endless, fitted'];
console.log(`\n${variant.name}\n\n${markdownTable(header, table).join('\n')}`);
