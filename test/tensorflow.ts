/** TensorFlow.js itself: what layers models are compared with. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as tsx from 'tsx/cjs/api';
import { rows, type Tensor } from '../lib/src/tensor.js';
import { normals } from './classifiers.js';

// The gradients, which tools/tensorFlow leaves out: TensorFlow.js keeps them for all its copies in one place.
tsx.require('@tensorflow/tfjs-core/dist/register_all_gradients.js', import.meta.url);

export { tf };

/** Seeded weights: variances from 0.5, scales around 1, all others normal and small enough for the depth. */
export function seedWeights(model: tf.LayersModel, key: string): tf.LayersModel {
  const weights = model.weights.map((variable, i) => {
    const { data, shape } = normals(`${key} ${i}`, variable.shape.map(Number));
    const kind = variable.originalName.split('/').at(-1) ?? '';
    const fan = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const values = data.map((value) => {
      if (kind === 'moving_variance') return 0.5 + Math.abs(value);
      if (kind === 'gamma') return 1 + 0.2 * value;
      return shape.length === 1 ? 0.2 * value : value * Math.sqrt(2 / fan);
    });
    return tf.tensor(values, [...shape]);
  });
  model.setWeights(weights);
  return model;
}

export interface Artifacts {
  readonly topology: unknown;
  readonly specs: readonly tf.io.WeightsManifestEntry[];
  readonly data: Uint8Array;
}

export async function artifactsOf(model: tf.LayersModel): Promise<Artifacts> {
  let kept: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      kept = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs = [], weightData } = kept;
  const parts = Array.isArray(weightData) ? weightData : weightData === undefined ? [] : [weightData];
  const data = new Uint8Array(Buffer.concat(parts.map((part) => new Uint8Array(part))));
  return { topology: modelTopology, specs: weightSpecs, data };
}

/** Weights stored as the converter stores them: q = round((value - min) / scale), or in half precision. */
export function quantised({ topology, specs, data }: Artifacts, type: 'uint8' | 'uint16'): Artifacts {
  const most = type === 'uint8' ? 255 : 65535;
  let offset = 0;
  const parts: Buffer[] = [];
  const entries = specs.map((spec): tf.io.WeightsManifestEntry => {
    const length = spec.shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(data.slice(offset, offset + 4 * length).buffer);
    offset += 4 * length;
    const min = Math.min(...values);
    const scale = (Math.max(...values) - min) / most || 1;
    const numbers = Array.from(values, (value) => Math.round((value - min) / scale));
    const stored = type === 'uint8' ? Uint8Array.from(numbers) : Uint16Array.from(numbers);
    parts.push(Buffer.from(stored.buffer));
    return { ...spec, quantization: { dtype: type, min, scale } };
  });
  return { topology, specs: entries, data: new Uint8Array(Buffer.concat(parts)) };
}

/** model.json and its shards of `shardBytes` bytes in a folder; returns the path of model.json. */
export async function writeModel(
  folder: string,
  { topology, specs, data }: Artifacts,
  shardBytes = 4_000,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (let at = 0; at < data.length; at += shardBytes) {
    const name = `group1-shard${paths.length + 1}.bin`;
    paths.push(name);
    await writeFile(join(folder, name), data.subarray(at, at + shardBytes));
  }
  const path = join(folder, 'model.json');
  const json = {
    format: 'layers-model',
    modelTopology: topology,
    weightsManifest: [{ paths, weights: specs }],
  };
  await writeFile(path, JSON.stringify(json));
  return path;
}

/** Opened by TensorFlow.js, quantised weights included. */
export function openedByTensorFlow({ topology, specs, data }: Artifacts): Promise<tf.LayersModel> {
  if (typeof topology !== 'object' || topology === null) throw new Error('no topology');
  return tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology: topology, weightSpecs: [...specs], weightData: data.slice().buffer }),
  );
}

/** [n, bands, height, width] as TensorFlow's [n, height, width, bands]. */
export const toTensorFlow = ({ data, shape }: Tensor): tf.Tensor4D =>
  tf.tensor4d(data, [shape[0], shape[1], shape[2], shape[3]]).transpose([0, 2, 3, 1]);

export function predictionOf(model: tf.LayersModel, images: Tensor): Float32Array {
  const output = model.predict(toTensorFlow(images));
  if (Array.isArray(output)) throw new Error('one output expected');
  return Float32Array.from(output.dataSync());
}

/**
 * The gradient of one class's output towards images, [n, bands, height, width]. One image after the other: in a batch,
 * TensorFlow.js 4.22's gradient of nearest-neighbour enlargement is wrong from the second image on.
 */
export function gradientOf(model: tf.LayersModel, images: Tensor, target: number): Float32Array {
  const gradient = tf.grad((x: tf.Tensor) => {
    const output = model.apply(x, { training: false });
    if (Array.isArray(output) || !(output instanceof tf.Tensor)) throw new Error('one output expected');
    return output.slice([0, target], [-1, 1]).sum();
  });
  const parts = Array.from({ length: images.shape[0] }, (_, i) =>
    gradient(toTensorFlow(rows(images, i)))
      .transpose([0, 3, 1, 2])
      .dataSync(),
  );
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
