/** What loading landlens does in a notebook's kernel, and only there. */
import { warmUp } from '../figure/staticImage.js';
import { showBareValues } from './bareValues.js';
import { showLongCalls } from './progress.js';
import { currentCell } from './show.js';

if (currentCell() !== null) {
  showBareValues();
  showLongCalls();
  // While the first cell waits for its engine or its reader. A failure shows with the first figure.
  setImmediate(() => void warmUp().catch(() => undefined));
}
