/** Which files of the library import which: without circles, and only from layers below. */
import { deepEqual } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

const source = fileURLToPath(new URL('../lib/src', import.meta.url));

/**
 * The folders of lib/src from the lowest to the highest; below them lie its own files, above them its index.
 */
const layers = [
  '.',
  'io',
  'graph',
  'engine',
  'dataset',
  'model',
  'attribution',
  'metric',
  'training',
  'analysis',
  'figure',
  'study',
  'notebook',
  'command',
];

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
);

/** The files that a file imports, types included. */
const imports = new Map(
  files.map((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g);
    return [path, [...found].map(([, name]) => join(dirname(path), `${name}.ts`))];
  }),
);

const layerOf = (path: string): number =>
  path === 'index.ts'
    ? layers.length
    : layers.indexOf(path.includes('/') ? relative('.', path).split('/')[0] : '.');

/** A circle that begins and ends with the file, if there is one. */
function circleFrom(start: string): string[] | undefined {
  const seen = new Set<string>();
  const walk = (path: string, way: readonly string[]): string[] | undefined => {
    for (const next of imports.get(path) ?? []) {
      if (next === start) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = walk(next, [...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}

describe('the files of the library', () => {
  it('lie in a folder of the list', () => {
    deepEqual(
      files.filter((path) => layerOf(path) < 0),
      [],
    );
  });

  it('import no file that imports them', () => {
    deepEqual(
      files.flatMap((path) => circleFrom(path)?.join(' > ') ?? []),
      [],
    );
  });

  it('import from their own folder and those below', () => {
    const upward = files.flatMap((path) =>
      (imports.get(path) ?? []).flatMap((target) =>
        layerOf(target) > layerOf(path) ? [`${path} > ${target}`] : [],
      ),
    );
    deepEqual(upward, []);
  });
});
