/** Computation time: how long one explanation of one image for one target takes. */
import { median } from 'simple-statistics';
import type { Explain, Target } from '../../attribution/attribution.js';
import { requireCount, requireShape } from '../../check.js';
import type { Tensor } from '../../tensor.js';

export interface ComputationTimeOptions {
  /** Runs before the clock starts: they compile programs and fill caches. */
  readonly warmUp?: number;
  readonly repeats?: number;
  /** A monotonic clock in milliseconds. */
  readonly clock?: () => number;
}

/**
 * Median time of one explanation in seconds. Report it with the engine's name, threads and batch size:
 * it means nothing without the machine.
 * @param image [1, bands, height, width], network input units
 * @example const seconds = await computationTime(gradCam(classifier), image, 'Pastures', { repeats: 3 });
 */
export async function computationTime(
  explain: Explain,
  image: Tensor,
  target: Target,
  { warmUp = 1, repeats = 3, clock = () => performance.now() }: ComputationTimeOptions = {},
): Promise<number> {
  requireShape(image.shape, [1, 'bands', 'height', 'width'], 'computationTime, image');
  requireCount(warmUp, 'computationTime, warmUp', 0);
  requireCount(repeats, 'computationTime, repeats');
  for (let run = 0; run < warmUp; run++) await explain(image, [target]);
  const seconds: number[] = [];
  for (let run = 0; run < repeats; run++) {
    const start = clock();
    await explain(image, [target]);
    seconds.push((clock() - start) / 1000);
  }
  return median(seconds);
}
