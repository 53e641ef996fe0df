/** The networks and inputs that are compared with torchvision: all of them follow from a seed. */
import { join } from 'node:path';
import { fromFile } from 'geotiff';
import { sentinel2Bands } from '../lib/src/dataset/patch.js';
import type { Engine } from '../lib/src/engine/engine.js';
import { input } from '../lib/src/graph/node.js';
import type { Architecture } from '../lib/src/model/architecture.js';
import type { Classifier } from '../lib/src/model/classifier.js';
import { createClassifier } from '../lib/src/model/createClassifier.js';
import { denseNet, denseNet121 } from '../lib/src/model/denseNet.js';
import { initialWeights, storedLayers, type Weights } from '../lib/src/model/layers.js';
import { resNet, resNet50 } from '../lib/src/model/resNet.js';
import { createRandom } from '../lib/src/random.js';
import type { Tensor } from '../lib/src/tensor.js';

export const size = 120;
export const bands = sentinel2Bands.length;
export const classes = 14;
const seed = 1;

export const networks: Readonly<Record<string, Architecture>> = {
  densenet121: denseNet121,
  resnet50: resNet50,
};

/**
 * The same architectures with few feature maps and blocks: small enough for many passes in double precision. Their
 * last maps have 2 x 4 pixels, so that a mean over them is a product with 1/8, which float32 constants of a derived
 * graph hold exactly.
 */
export const narrowNetworks: Readonly<Record<string, Architecture>> = {
  densenet: denseNet({ blocks: [2, 2], growth: 8, bottleneck: 16, stem: 16 }),
  resnet: resNet({
    stem: 16,
    stages: [
      { blocks: 1, width: 4, outputs: 16 },
      { blocks: 2, width: 8, outputs: 32 },
    ],
  }),
};
export const narrowSize = [16, 32] as const;

export const image = ([height, width]: readonly [number, number] = [size, size]) =>
  input('image', ['N', bands, height, width]);

/**
 * Initial weights, with batch-norm parameters and statistics moved away from 0 and 1:
 * variances and scales uniform in [0.5, 1.5], means and shifts normal with deviation 0.1.
 */
export function perturbedWeights(architecture: Architecture): Weights {
  const weights = initialWeights((layers) => architecture.build(layers, image(), classes), seed);
  const isNorm = (name: string): boolean => weights.has(name.replace(/[^.]+$/, 'running_var'));
  return new Map(
    [...weights].map(([name, { data, shape }]): [string, Tensor] => {
      if (!isNorm(name)) return [name, { data, shape }];
      const random = createRandom(seed, 'perturbed', name);
      const centred = name.endsWith('.bias') || name.endsWith('.running_mean');
      const draw = () => (centred ? 0.1 * random.normal() : random.uniform(0.5, 1.5));
      return [name, { data: Float32Array.from(data, draw), shape }];
    }),
  );
}

/** One of the networks, ready to be explained. */
export function seededClassifier(
  architecture: Architecture,
  engine: Engine,
  side: readonly [number, number] = [size, size],
): Classifier {
  const logits = architecture.build(storedLayers(perturbedWeights(architecture)), image(side), classes);
  const description = {
    name: architecture.name,
    bands: sentinel2Bands,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    normalisation: { mean: sentinel2Bands.map(() => 0), deviation: sentinel2Bands.map(() => 1) },
    featureLayer: architecture.featureLayer,
  };
  return createClassifier(logits, description, engine, { hash: '0'.repeat(16) });
}

/** Standard normal values in the place of an image. */
export function syntheticImage([height, width]: readonly [number, number] = [size, size]): Tensor {
  const random = createRandom(seed, 'synthetic image');
  return {
    data: Float32Array.from({ length: bands * height * width }, () => random.normal()),
    shape: [1, bands, height, width],
  };
}

/** A BigEarthNet v1 patch, its coarser bands repeated to 120 x 120, normalised by band to (x - mean) / deviation. */
export async function normalisedPatch(
  folder: string,
  patch: string,
  { mean, deviation }: { mean: readonly number[]; deviation: readonly number[] },
): Promise<Tensor> {
  const data = new Float32Array(bands * size * size);
  for (const [band, name] of sentinel2Bands.entries()) {
    const tiff = await fromFile(join(folder, 'BigEarthNet-v1.0', patch, `${patch}_${name}.tif`));
    const raster = await (await tiff.getImage()).readRasters({ interleave: true });
    tiff.close();
    const side = Math.sqrt(raster.length);
    const factor = size / side;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const value = Number(raster[Math.floor(y / factor) * side + Math.floor(x / factor)]);
        data[(band * size + y) * size + x] = (value - mean[band]) / deviation[band];
      }
    }
  }
  return { data, shape: [1, bands, size, size] };
}
