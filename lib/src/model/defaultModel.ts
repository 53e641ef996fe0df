/** The classifier that ships with landlens: a DenseNet-121 trained on `scenes`. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const name = 'data/densenet121-scenes.onnx';
const candidates = [`../../${name}`, `../../../${name}`].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Path of its file: inside the installed package, or beside it in a checkout of the repository. */
export const defaultModel = candidates.find((path) => existsSync(path)) ?? candidates[1];
