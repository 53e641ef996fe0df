import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { writeFileAtomic } from '../../lib/src/io/file.js';

describe('writeFileAtomic', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-file-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('makes the folder, and replaces what was there', async () => {
    const path = join(folder, 'a', 'b', 'file');
    await writeFileAtomic(path, 'first');
    await writeFileAtomic(path, Uint8Array.of(104, 105));
    equal(await readFile(path, 'utf8'), 'hi');
  });

  it('writes many files of one folder at the same time', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `file ${i}`).sort();
    const many = join(folder, 'many');
    await Promise.all(names.map((name) => writeFileAtomic(join(many, name), name)));
    deepEqual((await readdir(many)).sort(), names);
    for (const name of names) equal(await readFile(join(many, name), 'utf8'), name);
  });

  it('names the file that cannot be written, and leaves nothing behind', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'folder'), { recursive: true });
    await rejects(writeFileAtomic(path, 'x'), { name: 'InputError', message: /taken: could not be written/ });
    deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});
