/** The passes for runtimes that hold images in blocks of channels, as onnxruntime does on the CPU. */
import { clippedMask } from './clippedMask.js';
import { distributeConcat } from './distributeConcat.js';
import { enterBlocks } from './enterBlocks.js';
import { foldNormalisation } from './foldNormalisation.js';
import { foldScale } from './foldScale.js';
import type { Pass } from './rewrite.js';
import { subPixel } from './subPixel.js';

/** To the same values, up to rounding, from operators that such a runtime keeps in its blocks. */
export const blockedLayout: readonly Pass[] = [
  foldScale,
  foldNormalisation,
  distributeConcat(),
  subPixel,
  clippedMask,
  enterBlocks,
];
