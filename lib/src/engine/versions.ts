/** The versions that a result depends on. */
import { createRequire } from 'node:module';
import type { Engine } from './engine.js';

/** Version of this library, from its package.json. */
export function libraryVersion(): string {
  const description: unknown = createRequire(import.meta.url)('../../package.json');
  if (typeof description === 'object' && description !== null && 'version' in description) {
    return String(description.version);
  }
  return 'unknown';
}

export function versionsOf(engine: Pick<Engine, 'name'>): Readonly<Record<string, string>> {
  return { landlens: libraryVersion(), node: process.versions.node, engine: engine.name };
}
