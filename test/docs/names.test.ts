/** docs/names.md names only what landlens has. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'lib/src');

const textOf = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** The names that `landlens` and its subpaths export. */
async function exportedNames(): Promise<ReadonlySet<string>> {
  const folders = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const modules = [source, ...folders.map(({ name }) => join(source, name))].map((folder) =>
    import(join(folder, 'index.ts')).catch((thrown) => {
      if (!String(thrown).includes('Cannot find module')) throw thrown;
      return {};
    }),
  );
  return new Set((await Promise.all(modules)).flatMap((module) => Object.keys(module)));
}

/** Whether an interface, a type or the options of a function declare a property of this name. */
async function declaresProperty(): Promise<(name: string) => boolean> {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const text = (await Promise.all(files.map((name) => readFile(join(source, name), 'utf8')))).join('\n');
  return (name) => new RegExp(`\\b(readonly )?${name}\\??: `).test(text);
}

/** The code spans of the landlens column of every table. */
function spansOf(page: string): string[] {
  const rows = page.split('\n').filter((line) => /^\| /.test(line));
  const cells = rows.map((line) => line.split(' | ').slice(1).join(' | '));
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code));
}

/** The names in a piece of code, without texts in quotation marks. */
const namesIn = (code: string): string[] => code.replace(/'[^']*'/g, '').match(/[A-Za-z_]\w*/g) ?? [];

/** Arguments that stand for the reader's own values. */
const placeholders = new Set(['method', 'classifier', 'data', 'mask', 'map', 'patch', 'className']);

describe('docs/names.md', () => {
  it('names functions that landlens exports, options that they take, and scripts that can be run', async () => {
    const [exported, isProperty] = await Promise.all([exportedNames(), declaresProperty()]);
    const { scripts } = JSON.parse(await textOf('package.json'));
    const unknownIn = (page: string): string[] =>
      spansOf(page).filter((code) => {
        const script = /^npm run (\w+)$/.exec(code);
        if (script !== null) return scripts[script[1]] === undefined;
        if (code.startsWith('landlens/')) return false;
        const called = new Set([...code.matchAll(/(?<!\.)\b(\w+)\(/g)].map(([, name]) => name));
        const isKnown = (name: string): boolean =>
          exported.has(name) || (!called.has(name) && (placeholders.has(name) || isProperty(name)));
        return !namesIn(code).every(isKnown);
      });
    const page = await textOf('docs/names.md');
    assert.ok(spansOf(page).length > 40);
    assert.deepEqual(unknownIn(page), []);
    const wrong =
      '| `GradCAMPlusPlus` | `gradCamPlus` (`layer`) |\n| x | `relevance(gradCam, { absoluteSign })`, `npm run x` |';
    assert.deepEqual(unknownIn(wrong), ['gradCamPlus', 'relevance(gradCam, { absoluteSign })', 'npm run x']);
  });
});
