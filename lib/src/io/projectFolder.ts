/** The folder that results go below and that relative paths of notebooks start from. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder with a package.json from the working directory upwards, as npm finds it; else the working directory. */
export const projectFolder: string = (() => {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return process.cwd();
  }
})();
