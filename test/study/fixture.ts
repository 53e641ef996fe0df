/** A tiny study: 12 x 12 images of two classes, a classifier that looks at single bands, and quick methods. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method } from '../../lib/src/attribution/attribution.js';
import { createExplain, type Explain } from '../../lib/src/attribution/attribution.js';
import { type Dataset, defaultUnits, sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { type CreateProgress, createProgress } from '../../lib/src/io/progress.js';
import { createRandom } from '../../lib/src/random.js';
import type { StudyRecord } from '../../lib/src/study/records.js';
import type { Study } from '../../lib/src/study/study.js';
import type { StudiedClassifier } from '../../lib/src/study/subject.js';
import { sizeOf, tensor } from '../../lib/src/tensor.js';

const side = 12;
const area = side * side;

/** Bright in B04 is "Sand", bright in B08 is "Forest"; the class fills the left half and its mask is known. */
export const tinyDataset: Dataset = {
  name: 'tiny',
  bands: sentinel2Bands,
  classes: ['Forest', 'Sand', 'Unknown to the model'],
  rendered: true,
  size: side,
  units: defaultUnits,
  statistics: {
    mean: sentinel2Bands.map(() => 1000),
    deviation: sentinel2Bands.map(() => 1000),
  },
  count: () => 20,
  nameOf: (_, index) => `../tiny ${index}`,
  find: () => undefined,
  async read(split, index) {
    const random = createRandom('tiny', split, index);
    const label = index % 2;
    const bright = label === 0 ? sentinel2Bands.indexOf('B08') : sentinel2Bands.indexOf('B04');
    const data = Float32Array.from({ length: sentinel2Bands.length * area }, (_, i) => {
      const isClass = Math.floor(i / area) === bright && i % side < side / 2;
      return random.uniform(0, 500) + (isClass ? 3000 : 0);
    });
    const masks = Uint8Array.from({ length: 3 * area }, (_, i) =>
      Math.floor(i / area) === label && i % side < side / 2 ? 1 : 0,
    );
    return {
      name: `../tiny ${index}`,
      image: tensor(data, [sentinel2Bands.length, side, side]),
      bands: sentinel2Bands,
      labels: [label, 2],
      masks,
    };
  },
};

const weights = [
  { name: 'Sand', band: sentinel2Bands.indexOf('B04') },
  { name: 'Forest', band: sentinel2Bands.indexOf('B08') },
];

/** Score: sigmoid of the mean of one band. */
export const tinyClassifier: StudiedClassifier = {
  name: 'Tiny',
  bands: sentinel2Bands,
  classes: weights.map(({ name }) => name),
  size: [side, side],
  hash: '0123456789abcdef',
  engine: { name: 'arithmetic', threads: 1 },
  prepare({ image }) {
    return tensor(
      image.data.map((value) => (value - 1000) / 1000),
      [1, ...image.shape],
    );
  },
  async score({ data, shape }) {
    const [count] = shape;
    const size = sizeOf(shape) / count;
    const scores = Float32Array.from({ length: count * weights.length }, (_, i) => {
      const start = Math.floor(i / weights.length) * size + weights[i % weights.length].band * area;
      const sum = data.subarray(start, start + area).reduce((total, value) => total + value, 0);
      return 1 / (1 + Math.exp((-3 * sum) / area));
    });
    return tensor(scores, [count, weights.length]);
  },
};

/** The values of the class's band, raised to a power. */
function powerOfBand(power: number): Explain {
  return createExplain(
    { method: `power ${power}`, parameters: { power } },
    async ({ data, shape }, targets) => {
      const size = sizeOf(shape) / shape[0];
      const values = Float32Array.from({ length: shape[0] * area }, (_, i) => {
        const image = Math.floor(i / area);
        const target = targets[image];
        const band = typeof target === 'number' ? weights[target].band : 0;
        return data[image * size + band * area + (i % area)] ** power;
      });
      return { values: tensor(values, [shape[0], 1, side, side]) };
    },
  );
}

const zero = createExplain({ method: 'zero' }, async ({ shape }) => ({
  values: tensor(new Float32Array(shape[0] * area), [shape[0], 1, side, side]),
}));

export const tinyMethods: readonly Method[] = [
  { id: 'saliency', name: 'Saliency', reduction: 'absolute', explain: powerOfBand(1) },
  { id: 'grad-cam', name: 'Grad-CAM', reduction: 'positive', explain: zero },
  { id: 'lime', name: 'LIME', reduction: 'sum', explain: powerOfBand(3) },
];

export function tinyStudy(folder: string, changes: Partial<Study> = {}): Study {
  return {
    dataset: tinyDataset,
    classifier: tinyClassifier,
    methods: tinyMethods,
    preset: 'quick',
    seed: 0,
    images: 2,
    folder,
    ...changes,
  };
}

/** Runs `body` with a folder that is gone afterwards. */
export async function withFolder<Result>(body: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-study-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Progress that nobody sees. */
export const quiet: CreateProgress = (steps) => createProgress(steps, { stream: { write: () => true } });

/** Without the seconds, which no two runs share. */
export const timeless = (records: readonly StudyRecord[]): readonly unknown[] =>
  records.map((record) => ({ ...record, metrics: { ...record.metrics, seconds: undefined } }));

/** The lines of records.jsonl. */
export async function recordLines(folder: string): Promise<readonly StudyRecord[]> {
  return (await readRecords(folder))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export function readRecords(folder: string): Promise<Buffer> {
  return readFile(join(folder, 'records.jsonl'));
}
