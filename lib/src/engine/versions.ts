/** The versions that a result depends on. */
import { readFileSync } from 'node:fs';
import { fieldsOf } from '../io/json.js';
import type { Engine } from './engine.js';

/** Name and version in the package.json of a package. */
export function readPackage(path: string | URL): { readonly name: string; readonly version: string } {
  const { name = 'unknown', version = 'unknown' } = fieldsOf(JSON.parse(readFileSync(path, 'utf8')));
  return { name: String(name), version: String(version) };
}

export const versionsOf = (engine: Pick<Engine, 'name'>): Readonly<Record<string, string>> => ({
  landlens: readPackage(new URL('../../package.json', import.meta.url)).version,
  node: process.versions.node,
  engine: engine.name,
});
