/** Occlusion (Zeiler and Fergus, 2014): how much the output drops while a window of the image is hidden. */
import { runBatched } from '../engine/runBatched.js';
import { failAt } from '../error.js';
import { input, scalar } from '../graph/node.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import { type Tensor, zeros } from '../tensor.js';
import { createExplain, type Explain } from './attribution.js';
import {
  baselinePerBand,
  explainDistinct,
  explainedQuantities,
  type PerturbationOptions,
  perturbedOutput,
  stackMaps,
} from './perturbation.js';

export interface OcclusionOptions extends PerturbationOptions {
  /** Height and width of the window, in pixels. */
  readonly window?: readonly [height: number, width: number];
  /** Steps between neighbouring windows down and across, in pixels; at most the window's size. */
  readonly stride?: readonly [y: number, x: number];
}

const defaultWindow = [15, 15] as const;
const defaultStride = [5, 5] as const;

/** The number of windows that `occlusion` hides, one network pass each. */
export function occlusionWindows(
  size: Classifier['size'],
  { window = defaultWindow, stride = defaultStride }: Pick<OcclusionOptions, 'window' | 'stride'> = {},
): number {
  return placeWindows(size, window, stride).length;
}

/** The pixels from start to end (exclusive) that one window covers along one axis. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Hides one window of all bands at a time (equation 7). The value of a pixel is the sum of the drops of all windows
 * that cover it, divided by their number: Captum's `Occlusion` with windows of all bands. Windows start at every
 * stride; there are ceil((length - window) / stride) + 1 along an axis, and the last one ends at the border.
 * Every window is hidden once: nothing is sampled, so there is no `uncertainty`; other windows are another question.
 * The defaults are the paper's for 120 x 120 pixels (for 256 x 256: window 32, stride 6).
 * @returns attributions [n, 1, height, width]; equal images share their forward passes
 * @throws InputError where window or stride do not fit the image, or for another baseline than one value or one a band
 * @example
 * const hide = occlusion(classifier, { window: [15, 15], stride: [5, 5] });
 * const map = relevance(await hide(image, 'Pastures'));
 */
export function occlusion(
  classifier: Classifier,
  { window = defaultWindow, stride = defaultStride, baseline = 0, output = 'logit' }: OcclusionOptions = {},
): Explain {
  const [height, width] = classifier.size;
  const windows = placeWindows(classifier.size, window, stride);
  // Row 0 hides nothing: its empty spans give the output of the whole image.
  const hiddenRows = spanMasks([empty, ...windows.map(({ y }) => y)], [height, 1]);
  const hiddenColumns = spanMasks([empty, ...windows.map(({ x }) => x)], [1, width]);

  const replacement = baselinePerBand(classifier, baseline);
  const build = () => {
    const hidden = multiply(input('rows', ['N', 1, height, 1]), input('columns', ['N', 1, 1, width]));
    return {
      output: perturbedOutput(classifier, subtract(scalar(1), hidden), { baseline: replacement, output }),
    };
  };
  const facts = {
    method: 'Occlusion',
    parameters: { window, stride, baseline, output },
    units: `mean drop of the ${output} while the pixel is hidden`,
    reduction: 'sum',
  } as const;
  return createExplain(facts, async (images, targets) => {
    const program = await classifier.program(`occlusion ${JSON.stringify({ baseline, output })}`, build);
    const maps = await explainDistinct(classifier, images, targets, async ({ image, weights }) => {
      const hiding = { rows: hiddenRows, columns: hiddenColumns };
      const results = await runBatched(program, hiding, { original: image });
      return explainedQuantities(results.output, weights).map(([whole, ...hidden]) => {
        const total = new Float64Array(height * width);
        const covering = new Float64Array(height * width);
        for (const [i, { y, x }] of windows.entries()) {
          for (let row = y.start; row < y.end; row++) {
            for (let column = x.start; column < x.end; column++) {
              total[row * width + column] += whole - hidden[i];
              covering[row * width + column]++;
            }
          }
        }
        return Float32Array.from(total, (sum, pixel) => sum / covering[pixel]);
      });
    });
    return { values: stackMaps(maps, classifier.size) };
  });
}

const empty: Span = { start: 0, end: 0 };

/** Of all windows, row by row. */
function placeWindows(
  [height, width]: Classifier['size'],
  window: readonly [number, number],
  stride: readonly [number, number],
): readonly { readonly y: Span; readonly x: Span }[] {
  const across = spans(width, window[1], stride[1]);
  return spans(height, window[0], stride[0]).flatMap((y) => across.map((x) => ({ y, x })));
}

function spans(length: number, window: number, stride: number): Span[] {
  const whole = [window, stride].every((value) => Number.isInteger(value) && value >= 1);
  // With a longer stride pixels between the windows would have no value.
  if (!whole || window > length || (stride > window && window < length)) {
    throw failAt('occlusion')(
      'window and stride do not fit the image',
      `whole pixels with 1 <= stride <= window <= ${length}`,
      `window ${window}, stride ${stride}`,
    );
  }
  return Array.from({ length: Math.ceil((length - window) / stride) + 1 }, (_, i) => ({
    start: i * stride,
    end: Math.min(i * stride + window, length),
  }));
}

/** Each span as zeros and ones [spans, 1, ...axis]. */
function spanMasks(covered: readonly Span[], axis: readonly [number, number]): Tensor {
  const masks = zeros([covered.length, 1, ...axis]);
  const length = axis[0] * axis[1];
  for (const [i, { start, end }] of covered.entries()) {
    masks.data.fill(1, i * length + start, i * length + end);
  }
  return masks;
}
