/** Where real patches lie, which tests may read and which are not part of the repository. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The folder of real data, or undefined where it is missing: a test then skips, saying so. */
export function sharedFolder(): string | undefined {
  const folder = resolve(process.env.LANDLENS_SHARED ?? '../shared', 'realdata');
  return existsSync(folder) ? folder : undefined;
}
