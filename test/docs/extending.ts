/** Worked examples of docs/extending.md, applied to a copy of the library. */
import { equal, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** A copy of parts of the repository in a new folder, with its packages and the classifier that ships with it. */
export async function copyOf(parts: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-extending-'));
  for (const part of parts) await cp(join(repository, part), join(folder, part), { recursive: true });
  for (const to of ['', 'lib'])
    await cp(join(repository, 'lib/package.json'), join(folder, to, 'package.json'));
  for (const name of ['node_modules', 'data']) await symlink(join(repository, name), join(folder, name));
  return folder;
}

/** The errors of the compiler over these files of the copy; none where it compiles. */
export async function compileErrors(folder: string, files: readonly string[]): Promise<string> {
  const { compilerOptions } = JSON.parse(await readFile(join(repository, 'tsconfig.json'), 'utf8'));
  const options = { ...compilerOptions, noEmit: true, types: ['node', 'mocha'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
  const compiler = join(repository, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [compiler, '-p', folder]);
  return (await run.catch(({ stdout }: { readonly stdout: string }) => ({ stdout }))).stdout;
}

/** What the sections of the page add to the copy; returns the files that they touch. */
export async function applySections(folder: string, sections: readonly string[]): Promise<readonly string[]> {
  const page = await readFile(join(repository, 'docs/extending.md'), 'utf8');
  const touched = new Set<string>();
  for (const section of sections) {
    for (const { path, source } of newFilesOf(page, section)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), source);
      touched.add(path);
    }
    for (const change of changesOf(page, section)) {
      const path = join(folder, change.path);
      await writeFile(path, applied(await readFile(path, 'utf8'), change));
      touched.add(change.path);
    }
  }
  return [...touched];
}

/** Blocks of code of one language in a section of a page, without their indentation. */
function blocksOf(page: string, section: string, language: string): string[] {
  const [, text = ''] = page.split(`## ${section}\n`);
  const [own] = text.split(/^## /m);
  const fences = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm');
  return [...own.matchAll(fences)].map(([, indent, body]) =>
    body
      .split('\n')
      .map((line) => line.slice(indent.length))
      .join('\n'),
  );
}

/** Whole files: their first line names them. */
function newFilesOf(page: string, section: string): { readonly path: string; readonly source: string }[] {
  return blocksOf(page, section, 'ts').map((block) => {
    const [head, ...rest] = block.split('\n');
    ok(head.startsWith('// '), `a block of ${section} names its file`);
    return { path: head.slice(3), source: rest.join('\n') };
  });
}

/** What one block of changes adds to a file: lines behind a line that is there. */
interface Change {
  readonly path: string;
  readonly hunks: readonly { readonly behind: string; readonly added: readonly string[] }[];
}

function changesOf(page: string, section: string): Change[] {
  return blocksOf(page, section, 'diff').map((block) => {
    const [head, ...rest] = block.split('\n');
    const hunks = rest.join('\n').split('@@\n');
    return {
      path: head.replace('--- ', ''),
      hunks: hunks.map((hunk) => {
        const [behind, ...added] = hunk.split('\n').filter((line) => line !== '');
        equal(added.filter((line) => !line.startsWith('+')).length, 0, hunk);
        return { behind: behind.slice(1), added: added.map((line) => line.slice(1)) };
      }),
    };
  });
}

function applied(source: string, { path, hunks }: Change): string {
  return hunks.reduce((text, { behind, added }) => {
    const [before, after, ...more] = `\n${text}`.split(`\n${behind}\n`);
    ok(after !== undefined && more.length === 0, `${path} has this line once: ${behind}`);
    return [before, behind, ...added, after].join('\n').replace(/^\n/, '');
  }, source);
}
