/** A training that kills its own process after so many further steps, as a power cut would: node trainTiny.ts CHECKPOINT STEPS. */
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { fit as train } from '../../lib/src/training/fit.js';
import { tinyArchitecture, tinyDataset } from './tiny.js';

const [checkpoint, steps] = process.argv.slice(2);
let left = Number(steps);
await train({
  architecture: tinyArchitecture,
  datasetAt: tinyDataset,
  engine: createEngine({ threads: 1 }),
  recipe: JSON.parse(process.env.RECIPE ?? ''),
  checkpoint,
  // A checkpoint at every step.
  checkpointEvery: 0,
  onProgress() {
    if (--left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
