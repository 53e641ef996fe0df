/** Exploring never rewrites what is tracked: the notebooks are copied, and a copy is the user's. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { copyNotebooks } from '../../tools/ownNotebooks.js';
import { withFolder } from '../study/fixture.js';

describe('copyNotebooks', () => {
  it('copies what is not there, keeps what is, and says which originals have changed since', () =>
    withFolder(async (root) => {
      await mkdir(join(root, 'notebooks'));
      const original = (name: string) => join(root, 'notebooks', name);
      const [folder, first, second] = [join(root, 'mine'), '00-start.ipynb', '01-data.ipynb'];
      await writeFile(original(first), 'one');
      await writeFile(original(second), 'two');
      const all = { copied: [first, second], outdated: [] };
      assert.deepEqual(await copyNotebooks(root, folder), all);
      await writeFile(join(folder, first), 'explored');
      assert.deepEqual(await copyNotebooks(root, folder), { copied: [], outdated: [] });
      await writeFile(original(first), 'one, improved');
      assert.deepEqual(await copyNotebooks(root, folder), { copied: [], outdated: [first] });
      assert.equal(await readFile(join(folder, first), 'utf8'), 'explored');
      assert.equal(await readFile(original(second), 'utf8'), 'two');
    }));

  it('keeps copies where the list of their originals is lost or damaged', () =>
    withFolder(async (root) => {
      await mkdir(join(root, 'notebooks'));
      await writeFile(join(root, 'notebooks', '00-start.ipynb'), 'one');
      const folder = join(root, 'mine');
      await copyNotebooks(root, folder);
      await writeFile(join(folder, '.originals.json'), '{"00-start.ipynb":');
      const { outdated } = await copyNotebooks(root, folder);
      assert.deepEqual(outdated, ['00-start.ipynb']);
    }));
});
