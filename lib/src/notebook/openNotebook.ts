/** What a notebook starts with: the data set, the classifier and the versions that everything in it depends on. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type DatasetChoice, openDataset, parseDataset } from '../dataset/openDataset.js';
import type { Dataset } from '../dataset/patch.js';
import type { Engine } from '../engine/engine.js';
import { openEngine } from '../engine/engines.js';
import { versionsOf } from '../engine/versions.js';
import { failAt } from '../error.js';
import { projectFolder } from '../io/projectFolder.js';
import type { Classifier } from '../model/classifier.js';
import { type OpenOptions, openClassifier } from '../model/classifierFile.js';
import { defaultModel } from '../model/defaultModel.js';
import { requireSeed } from '../random.js';
import { deviceOf } from '../study/study.js';
import { requireCompatible } from '../study/subject.js';
import { untilInterrupted } from './cellInterruption.js';
import { showText } from './show.js';

export interface NotebookOptions {
  /** `scenes`, or `<kind>:<folder>` as in `npm run reproduce`; a relative folder is relative to the repository. Default: scenes. */
  readonly dataset?: string;
  /** Path of the .onnx, .safetensors or model.json, relative to the repository. Default: the network that landlens brings. */
  readonly model?: string;
  /** Of every random number, an integer from 0. Default: 0. */
  readonly seed?: number;
}

export interface Notebook {
  readonly data: Dataset;
  /** How the data set was opened: its studies are recorded under this name. */
  readonly choice: DatasetChoice;
  readonly classifier: Classifier;
  readonly engine: Engine;
  readonly seed: number;
}

/**
 * Opens a data set and a network, and prints what all figures of the notebook depend on.
 * @throws InputError if the data set or the network cannot be opened, or they do not fit
 * @example const { data, classifier } = await openNotebook({ dataset: 'scenes' });
 */
export async function openNotebook({
  dataset = 'scenes',
  model = defaultModel,
  seed = 0,
}: NotebookOptions = {}): Promise<Notebook> {
  requireSeed(seed, 'SEED');
  const signal = untilInterrupted();
  await requireFreshBuild();
  const choice = parseDataset(dataset, projectFolder);
  return withEngine(async (engine) => {
    const classifier = await openClassifier(resolve(projectFolder, model), { engine });
    const data = await openDataset(choice, classifier);
    requireCompatible(data, classifier);
    signal.throwIfAborted();
    showText(
      `Data: ${data.name}${data.rendered ? ', rendered scenes, not real imagery' : ''}; ${data.count('test')} test images of ${data.size} x ${data.size} pixels, ${data.bands.length} bands, ${data.classes.length} classes.`,
      ...textOf(classifier, seed),
    );
    return { data, choice, classifier, engine, seed };
  });
}

/** What is opened with an engine, which ends where that fails. */
async function withEngine<Opened>(open: (engine: Engine) => Promise<Opened>): Promise<Opened> {
  const engine = await openEngine();
  try {
    return await open(engine);
  } catch (thrown) {
    await engine.dispose();
    throw thrown;
  }
}

/** The model, the engine and the versions, in words. */
function textOf(classifier: Classifier, seed: number): readonly string[] {
  const { engine } = classifier;
  const versions = Object.entries(versionsOf(engine)).map(([name, version]) => `${name} ${version}`);
  return [
    `Model: ${classifier.name}, sha256 ${classifier.hash}.`,
    `Engine: ${engine.name}; ${deviceOf(classifier)}; ${versions.join(', ')}. Seed ${seed}.`,
  ];
}

/**
 * Opens a network alone, of any bands and classes, and prints what its figures depend on.
 * @param model path of the .onnx, .safetensors or model.json, relative to the repository
 * @param description what the file does not say by itself, see openClassifier
 */
export async function openNetwork(
  model: string,
  { seed = 0, ...description }: OpenOptions & { readonly seed?: number } = {},
): Promise<Classifier> {
  requireSeed(seed, 'openNetwork, seed');
  const signal = untilInterrupted();
  await requireFreshBuild();
  return withEngine(async (engine) => {
    const classifier = await openClassifier(resolve(projectFolder, model), { engine, ...description });
    signal.throwIfAborted();
    const [height, width] = classifier.size;
    showText(
      `Network: ${classifier.bands.length} bands (${classifier.bands.join(' ')}), ${height} x ${width} pixels, ${classifier.classes.length} classes.`,
      `Feature layer of Grad-CAM: ${classifier.featureLayer ?? 'none by name'}.`,
      ...textOf(classifier, seed),
    );
    return classifier;
  });
}

/**
 * Shows a sentence that this run confirms.
 * @throws InputError if it does not hold
 * @example claim(coarse < fine, 'Grad-CAM is steadier than Saliency');
 */
export function claim(holds: boolean, text: string): void {
  if (!holds) throw failAt(`"${text}"`)('does not hold in this run');
  showText(`✓ ${text}`);
}

async function newest(
  folder: string,
  isMeant: (name: string) => boolean,
): Promise<{ time: number; path: string }> {
  let found = { time: 0, path: folder };
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !isMeant(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs: time } = await stat(path);
    if (time > found.time) found = { time, path };
  }
  return found;
}

/** @throws InputError in a checkout whose sources are newer than the compiled files */
async function requireFreshBuild(): Promise<void> {
  const source = await newest(join(projectFolder, 'lib/src'), (name) => name.endsWith('.ts'));
  if (source.time === 0) return;
  const built = await newest(join(projectFolder, 'lib/dist'), (name) => /\.js$|\.tsbuildinfo$/.test(name));
  if (built.time >= source.time) return;
  throw failAt('lib/dist', 'Run npm run build, then restart the kernel.')(
    'the compiled library is older than its sources',
    `a build after the last change of ${relative(projectFolder, source.path)}`,
  );
}
