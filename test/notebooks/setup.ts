/** Finds or installs Jupyter once before the parallel test processes start, so that no two of them install it. */
import { resolve } from 'node:path';
import { InputError } from '../../lib/src/error.js';
import { findJupyter } from '../../tools/jupyter.js';

export async function mochaGlobalSetup(): Promise<void> {
  try {
    await findJupyter(resolve(import.meta.dirname, '../..'), { report: console.log });
  } catch (thrown) {
    // The tests that need it say what is missing and are skipped.
    if (!(thrown instanceof InputError)) throw thrown;
  }
}
