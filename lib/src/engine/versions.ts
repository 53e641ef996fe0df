/** The versions that a result depends on. */
import { readFileSync } from 'node:fs';
import type { Engine } from './engine.js';

/** Name and version in the package.json of a package. */
export function readPackage(path: string | URL): { readonly name: string; readonly version: string } {
  const description: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const text = (key: string): string =>
    typeof description === 'object' && description !== null && key in description
      ? String(Reflect.get(description, key))
      : 'unknown';
  return { name: text('name'), version: text('version') };
}

export const versionsOf = (engine: Pick<Engine, 'name'>): Readonly<Record<string, string>> => ({
  landlens: readPackage(new URL('../../package.json', import.meta.url)).version,
  node: process.versions.node,
  engine: engine.name,
});
