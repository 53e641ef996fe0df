/** Jupyter for the tests of the notebooks: found, else installed as for users; without it they are skipped. */
import type { Context } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { findJupyter, type Jupyter } from '../../tools/jupyter.js';

export async function findJupyterOrSkip(context: Context, root: string): Promise<Jupyter> {
  try {
    return await findJupyter(root, { report: (line) => console.log(`      ${line}`) });
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    console.log(`      skipped: ${thrown.message}`);
    return context.skip();
  }
}
