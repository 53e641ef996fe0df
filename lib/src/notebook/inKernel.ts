/** What loading landlens does in a notebook's kernel, and only there. */
import { showBareValues } from './bareValues.js';
import { currentCell } from './show.js';

if (currentCell() !== null) showBareValues();
