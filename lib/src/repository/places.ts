/** Where things are: in a checkout of the repository, or where the package was installed. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../error.js';

/** The folder of package.json, seen from src/study or dist/study. */
const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The packed library has no sources. */
export const isInstalled = !existsSync(join(packageRoot, 'src'));

/** The root of the repository; of an installed package the folder that the user works in. Results go below it. */
export const repositoryRoot = isInstalled ? process.cwd() : dirname(packageRoot);

/** InputError where a command works on the notebooks, and landlens was installed. */
export function requireRepository(command: string): void {
  if (!isInstalled) return;
  throw new InputError({ what: 'works on the notebooks, which only the repository has', where: command });
}
