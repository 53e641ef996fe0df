/** The passes for runtimes that hold images in blocks of channels, as onnxruntime does on the CPU. */
import type { Graph } from '../graph.js';
import { clippedMask } from './clippedMask.js';
import { foldScale } from './foldScale.js';
import { rewrite } from './rewrite.js';
import { subPixel } from './subPixel.js';

const passes = [foldScale, subPixel, clippedMask];

/** The same values, up to rounding, from operators that such a runtime keeps in its blocks. */
export const forBlockedLayout = (graph: Graph): Graph => passes.reduce(rewrite, graph);
