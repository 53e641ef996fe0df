/** Garbage collection on demand, for tests of what is kept. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

export function collectGarbage(): void {
  if (typeof collect !== 'function') throw new Error('this Node.js cannot collect garbage on demand');
  collect();
}
