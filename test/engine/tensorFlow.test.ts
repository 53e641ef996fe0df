import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Engine } from '../../lib/src/engine/engine.js';
import { planRun } from '../../lib/src/engine/tensorFlow/plan.js';
import { createTensorFlowRuntime } from '../../lib/src/engine/tensorFlow/runtime.js';
import { createTensorFlowEngine } from '../../lib/src/engine/tensorFlow.js';
import { tensorFlowAvailability, tensorFlowPackages } from '../../lib/src/engine/tensorFlowAvailability.js';
import { InputError } from '../../lib/src/error.js';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { apply, constant, createNode, floats, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { slice } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { add, zerosLike } from '../../lib/src/graph/operators/elementwise.js';
import { convolutionalLogits, normals } from '../classifiers.js';
import { refusesInput } from '../refuses.js';
import { tf } from '../tensorflow.js';
import { agreesWithReference } from './agreement.js';
import { keepsContract } from './contract.js';
import { agreesWithOnnxRuntime } from './methodAgreement.js';

/** Plain TensorFlow.js, which the tests bring, or a package that is named: the native ones are tested by hand. */
const tested =
  tensorFlowPackages.find((name) => name === process.env.LANDLENS_TENSORFLOW) ?? '@tensorflow/tfjs';

describe(`the tensorflow engine on ${tested}`, () => {
  const create = (threads: number) => createTensorFlowEngine({ package: tested, threads });
  let engine: Engine;
  before(() => {
    engine = create(1);
  });
  after(() => engine.dispose());

  agreesWithReference(() => engine);
  agreesWithOnnxRuntime(() => engine, { tolerance: 1e-4 });
  keepsContract(() => engine, {
    create,
    module: new URL('../../lib/src/engine/tensorFlow.js', import.meta.url),
    createdBy: 'createTensorFlowEngine',
  });

  it('gives nothing for a slice that starts behind the end', async () => {
    const program = await engine.compile(createGraph({ y: slice(input('x', ['N', 5]), 1, 9, 12) }));
    const { y } = await program.run({ x: normals('x', [2, 5]) });
    deepEqual([y.shape, y.data.length], [[2, 0], 0]);
    await program.dispose();
  });

  describe('refuses, with what to do,', () => {
    it('an operator that it does not know', async () => {
      const outputTypes = [{ dataType: 'float32', shape: ['N', 2] }] as const;
      const attributes = { operator: 'Hardmax', domain: '', raw: {}, slots: [0], outputTypes };
      const [y] = createNode('Opaque', [input('x', ['N', 2])], attributes, 'head/hard').outputs;
      await refusesInput(() => engine.compile(createGraph({ y })), 'Hardmax node "head/hard"', /onnxruntime/);
    });

    it('a convolution along three axes', async () => {
      const y = conv(input('x', ['N', 1, 3, 3, 3]), floats([1], [1, 1, 1, 1, 1]), { name: 'volume' });
      await refusesInput(() => engine.compile(createGraph({ y })), 'Conv node "volume"', /one or two axes/);
    });

    it('integers of more than 32 bits', async () => {
      const data = BigInt64Array.of(2n ** 31n);
      const positions = constant({ dataType: 'int64', shape: [1], data }, 'positions');
      const y = apply('Gather', [input('x', ['N', 2]), positions], { axis: 1 });
      await refusesInput(() => engine.compile(createGraph({ y })), '"positions"', /64 bits.*2147483648/);
    });

    it('a package that is not installed', () => {
      throws(
        () => createTensorFlowEngine({ package: '@tensorflow/tfjs-node-gpu' }),
        (thrown: unknown) => {
          ok(thrown instanceof InputError);
          match(thrown.message, /tfjs-node-gpu: not installed: npm install @tensorflow\/tfjs-node-gpu/);
          return true;
        },
      );
    });
  });
});

describe('memory of the tensorflow engine', () => {
  // No advice on the console to install another package.
  tf.env().set('PROD', true);
  const runtime = createTensorFlowRuntime(tf);
  const logits = convolutionalLogits(input('image', ['N', 4, 4, 4]));
  const image = normals('image', [1, 4, 4, 4]);

  it('is flat over a thousand runs, and as before when a program is released', async () => {
    const seed = add(zerosLike(logits), floats([1, 0, 0], [1, 3]));
    const [gradient] = differentiate(logits, [imageOf(logits)], seed);
    const plan = planRun(createGraph({ logits, gradient, image: imageOf(logits) }));
    const empty = tf.memory();
    const session = await runtime.compile(plan);
    const run = async () => {
      const feeds = { image: runtime.upload(image) };
      const results = await session.run(feeds);
      for (const [name, handle] of Object.entries(results)) runtime.download(name, handle);
      for (const handle of [...Object.values(results), ...Object.values(feeds)]) runtime.free(handle);
    };
    // Weights keep what they were transposed to.
    await run();
    const { numTensors, numBytes } = tf.memory();
    for (let i = 0; i < 1000; i++) await run();
    deepEqual([tf.memory().numTensors, tf.memory().numBytes], [numTensors, numBytes]);
    await session.release();
    deepEqual([tf.memory().numTensors, tf.memory().numBytes], [empty.numTensors, empty.numBytes]);
  });

  it('is given back by a run that fails, and the next one works', async () => {
    const session = await runtime.compile(planRun(createGraph({ logits })));
    const feeds = { image: runtime.upload(image) };
    const wrong = { image: runtime.upload(normals('wrong', [1, 3, 4, 4])) };
    for (const handle of Object.values(await session.run(feeds))) runtime.free(handle);
    const { numTensors } = tf.memory();
    await rejects(session.run(wrong), /Conv node/);
    // The transposed feed is the caller's.
    runtime.free(wrong.image);
    ok(tf.memory().numTensors <= numTensors);
    for (const handle of Object.values(await session.run(feeds))) runtime.free(handle);
    runtime.free(feeds.image);
    await session.release();
  });
});

const imageOf = (value: Value): Value => createGraph({ value }).inputs[0];

describe('packages of TensorFlow.js', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-tensorflow-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A project with one installed package, of which landlens sees these files. */
  async function project(name: string, version: string, files: Readonly<Record<string, string>> = {}) {
    const root = await mkdtemp(join(folder, 'project-'));
    const main = { 'index.js': '', 'package.json': JSON.stringify({ name, version, main: 'index.js' }) };
    for (const [file, content] of Object.entries({ ...main, ...files })) {
      const path = join(root, 'node_modules', name, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    return root;
  }
  const binding = { 'lib/napi-v8/tfjs_binding.node': '' };
  const problemOf = (name: string, root: string): string | undefined =>
    tensorFlowAvailability(root).flatMap((one) =>
      one.name === name && 'problem' in one ? one.problem : [],
    )[0];

  it('are named in the order of choice, with the reason why one is not usable', async () => {
    const [gpu, node, plain] = tensorFlowAvailability(folder);
    deepEqual(gpu, {
      name: '@tensorflow/tfjs-node-gpu',
      problem: 'not installed: npm install @tensorflow/tfjs-node-gpu',
    });
    // What danfojs-node gets in its place.
    deepEqual(node, {
      name: '@tensorflow/tfjs-node',
      problem: 'stands for @tensorflow/tfjs 4.22.0 here',
    });
    deepEqual(plain, {
      name: '@tensorflow/tfjs',
      version: '4.22.0',
      backend: 'cpu',
      path: createRequire(import.meta.url).resolve('@tensorflow/tfjs'),
    });
  });

  it('are refused where too old, or without the native library', async () => {
    const name = '@tensorflow/tfjs-node';
    match(problemOf(name, await project(name, '3.21.1', binding)) ?? '', /version 3\.21\.1 .* 4\.22/);
    match(problemOf(name, await project(name, '4.22.0')) ?? '', /lacks its native library.*npm rebuild/);
    equal(problemOf(name, await project(name, '4.23.1', binding)), undefined);
  });

  it('come from the project first, the fastest before the others', async () => {
    const plain = createRequire(import.meta.url).resolve('@tensorflow/tfjs');
    const code = `module.exports = require(${JSON.stringify(plain)});`;
    const root = await project('@tensorflow/tfjs-node-gpu', '4.22.0', { ...binding, 'index.js': code });
    const engine = createTensorFlowEngine({ folder: root, threads: 1 });
    equal(engine.name, 'tfjs-node-gpu 4.22.0 tensorflow');
    const program = await engine.compile(createGraph({ y: add(input('x', ['N']), scalar(1)) }));
    const { y } = await program.run({ x: { data: Float32Array.of(1), shape: [1] } });
    deepEqual([...y.data], [2]);
    await engine.dispose();
    // The native library's threads are the process's.
    throws(
      () => createTensorFlowEngine({ folder: root, threads: 2 }),
      /threads of the process|whole process/,
    );
  });

  it('that fail to load say so, by name', async () => {
    const root = await project('@tensorflow/tfjs-node-gpu', '4.22.0', {
      ...binding,
      'index.js': 'throw new Error("libcudart is missing")',
    });
    const engine = createTensorFlowEngine({ folder: root, threads: 1 });
    const graph = createGraph({ y: add(input('x', ['N']), scalar(1)) });
    await rejects(engine.compile(graph), /@tensorflow\/tfjs-node-gpu cannot be loaded: libcudart is missing/);
    await rejects(engine.compile(graph), /libcudart is missing/);
  });
});
