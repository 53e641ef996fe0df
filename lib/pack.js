/** Copies into the packed library what lies above it: the default classifier, the README and the licence (--undo: removes them). */
import { cpSync, mkdirSync, rmSync } from 'node:fs';

const inside = (path) => new URL(path, import.meta.url);

for (const path of ['README.md', 'LICENSE', 'data']) rmSync(inside(path), { recursive: true, force: true });
if (!process.argv.includes('--undo')) {
  mkdirSync(inside('data'));
  const model = ['onnx', 'md', 'training.json'].map((ending) => `data/densenet121-scenes.${ending}`);
  for (const path of ['README.md', 'LICENSE', ...model]) cpSync(inside(`../${path}`), inside(path));
}
