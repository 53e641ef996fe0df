import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';

const run = promisify(execFile);
const isWindows = process.platform === 'win32';

/** The program behind npm is a script, which only a shell starts on Windows. */
const npm = (args: readonly string[], cwd: string) => run('npm', args, { cwd, shell: isWindows });

describe('the packed library', () => {
  let folder: string;
  /** Where a user has the package. */
  let installed: string;
  let files: readonly string[];

  before(async () => {
    // Below the repository, whose dependencies are then found as in any project.
    await mkdir('results', { recursive: true });
    folder = await realpath(await mkdtemp(join('results', '.package-')));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    // Packing writes beside what it packs: a copy of the repository, without sources and dependencies.
    const copy = join(folder, 'repository');
    const paths = ['package.json', 'README.md', 'LICENSE', 'data', 'lib/package.json', 'lib/pack.js'];
    for (const path of [...paths, 'lib/bin', 'lib/dist']) {
      await cp(path, join(copy, path), { recursive: true });
    }
    const flags = ['--ignore-scripts=false', '--offline', '--json', '--pack-destination', folder];
    const { stdout } = await npm(['pack', '-w', 'lib', ...flags], copy);
    const [packed] = JSON.parse(stdout);
    files = packed.files.map(({ path }: { readonly path: string }) => path);
    installed = join(folder, 'node_modules', 'landlens');
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', packed.filename, '-C', 'node_modules/landlens', '--strip-components=1'], {
      cwd: folder,
    });
    // Those that npm keeps for this package alone.
    if (existsSync('lib/node_modules'))
      await symlink(resolve('lib/node_modules'), join(installed, 'node_modules'), 'junction');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('holds the program, the default classifier with its card, a README and the licence, and nothing else', async () => {
    const model = ['onnx', 'md', 'training.json'].map((ending) => `data/densenet121-scenes.${ending}`);
    for (const path of [
      'README.md',
      'LICENSE',
      'bin/landlens.js',
      'dist/index.js',
      'dist/index.d.ts',
      ...model,
    ])
      assert.ok(files.includes(path), path);
    const program = /^(bin|dist)\/[^.].*\.(js|d\.ts)$/;
    const named = ['README.md', 'LICENSE', 'package.json', ...model];
    assert.deepEqual(
      files.filter((path) => !program.test(path) && !named.includes(path)),
      [],
    );
    assert.equal(await readFile(join(installed, 'LICENSE'), 'utf8'), await readFile('LICENSE', 'utf8'));
  });

  it('finds its classifier inside, and puts results into the folder that the user works in', async () => {
    const script = `
      import { defaultModel, projectFolder } from 'landlens';
      import { defaultResults } from 'landlens/study/defaultResults';
      console.log(JSON.stringify([defaultModel, projectFolder, defaultResults('scenes', 'quick')]));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: folder,
    });
    assert.deepEqual(JSON.parse(stdout), [
      join(installed, 'data', 'densenet121-scenes.onnx'),
      folder,
      join(folder, 'results', 'reproduce-scenes-quick'),
    ]);
    assert.deepEqual(
      await readFile(join(installed, 'data/densenet121-scenes.onnx')),
      await readFile('data/densenet121-scenes.onnx'),
    );
  });

  it('has the command landlens', async () => {
    const { stdout } = await run(process.execPath, [join(installed, 'bin/landlens.js'), '--help'], {
      cwd: folder,
    });
    assert.match(stdout, /^Usage: landlens <command>/);
  });

  it('holds nothing that only the repository uses', async () => {
    const files = await readdir(join(installed, 'dist'), { recursive: true });
    assert.deepEqual(
      files.filter((path) => /jupyter|notebookFile|notebookRun|lab\.js|repository/i.test(path)),
      [],
    );
  });
});
