import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { differentiate } from '../../../lib/src/graph/differentiate.js';
import { type Graph, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { constantOf, input } from '../../../lib/src/graph/node.js';
import { decodedOperators } from '../../../lib/src/graph/onnx/operators.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { ModelProto } from '../../../lib/src/graph/onnx/schema.js';
import { perImage } from '../../../lib/src/graph/type.js';
import { createRandom, type Random } from '../../../lib/src/random.js';

const models = [
  'branches-traced-17',
  'convnext-captured-18-one',
  'densenet-traced-11',
  'mixer-captured-20',
  'mobilenet-v3-captured-23',
  'swin-captured-18',
  'vgg-captured-18-one',
  'vgg-size-captured-23',
  'vit-captured-23',
  'vit-einsum-traced-17',
  'vit-timm-traced-17-one',
];
const perModel = Number(process.env.FUZZ_RUNS ?? 300);

const bytesOf = (name: string): Uint8Array =>
  gunzipSync(readFileSync(new URL(`../../fixtures/architectures/${name}.onnx.gz`, import.meta.url)));

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const changed: Mutation = (bytes, random) => {
  const damaged = Uint8Array.from(bytes);
  for (let i = 1 + random.integer(6); i > 0; i--) damaged[random.integer(bytes.length)] = random.integer(256);
  return damaged;
};
const cut: Mutation = (bytes, random) => bytes.slice(0, random.integer(bytes.length));
const removed: Mutation = (bytes, random) => {
  const from = random.integer(bytes.length);
  const to = Math.min(bytes.length, from + 1 + random.integer(64));
  return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]);
};
const repeated: Mutation = (bytes, random) => {
  const from = random.integer(bytes.length);
  const to = Math.min(bytes.length, from + 1 + random.integer(64));
  return Uint8Array.from([...bytes.subarray(0, to), ...bytes.subarray(from)]);
};
const enlarged: Mutation = (bytes, random) => {
  const damaged = Uint8Array.from(bytes);
  const from = random.integer(bytes.length);
  return damaged.fill(255, from, from + 1 + random.integer(9));
};

const nasty = [0, 1, -1, 2, 3, -2, 7, 65536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 53, -(2 ** 53)];

/** A whole message with some of its numbers, names and operators replaced: damage that only the reader can notice. */
const rewritten: Mutation = (bytes, random) => {
  // Plain objects from protobufjs; only this test writes into them.
  const model = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number, defaults: false });
  const { node, initializer, input: inputs } = model.graph;
  const names = node.flatMap(({ output = [] }: { output?: string[] }) => output);
  const tensors = [
    ...(initializer ?? []),
    ...node.flatMap(({ attribute = [] }: { attribute?: { t?: object }[] }) =>
      attribute.flatMap(({ t }) => t ?? []),
    ),
  ];
  const steps: (() => void)[] = [
    () => {
      random.pick<{ opType: string }>(node).opType = random.pick(decodedOperators);
    },
    () => {
      const { input: used = [] } = random.pick<{ input?: string[] }>(node);
      if (used.length > 0) used[random.integer(used.length)] = random.pick(names);
    },
    () => {
      const { input: used = [] } = random.pick<{ input?: string[] }>(node);
      used.splice(random.integer(used.length + 1), 1);
    },
    () => {
      const { attribute = [] } = random.pick<{
        attribute?: { ints?: number[]; i?: number; type?: number }[];
      }>(node);
      for (const one of attribute) {
        if (one.ints?.length) one.ints[random.integer(one.ints.length)] = random.pick(nasty);
        else if (one.type === 2) one.i = random.pick(nasty);
      }
    },
    () => {
      const tensor = random.pick<{ dims?: number[] }>(tensors);
      if (tensor.dims?.length) tensor.dims[random.integer(tensor.dims.length)] = random.pick(nasty);
      else tensor.dims = [random.pick(nasty)];
    },
    () => {
      const shapes = tensors.filter(({ dataType }) => dataType === 7);
      if (shapes.length === 0) return;
      const tensor: { dims?: number[]; rawData?: Uint8Array; int64Data?: number[] } = random.pick(shapes);
      const count = (tensor.dims ?? []).reduce((product, size) => product * size, 1);
      delete tensor.rawData;
      tensor.int64Data = Array.from({ length: Math.min(count, 64) }, () => random.pick(nasty));
    },
    () => {
      const dimensions = inputs[0].type.tensorType.shape.dim;
      dimensions[random.integer(dimensions.length)] = { dimValue: random.pick(nasty) };
    },
    () => {
      node.splice(random.integer(node.length), 1);
    },
  ];
  for (let i = 1 + random.integer(3); i > 0; i--) random.pick(steps)();
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
};

const mutations: readonly Mutation[] = [
  changed,
  cut,
  removed,
  repeated,
  enlarged,
  rewritten,
  rewritten,
  rewritten,
];

/** Every constant of the graph in bytes. */
const storedBytes = (graph: Graph): number =>
  topologicalOrder(Object.values(graph.outputs)).reduce(
    (sum, node) =>
      sum + node.outputs.reduce((part, value) => part + (constantOf(value)?.data.byteLength ?? 0), 0),
    0,
  );

/** The most values that a tensor holds for each image. */
const largestValue = (graph: Graph): number =>
  topologicalOrder(Object.values(graph.outputs))
    .flatMap((node) => node.outputs)
    .reduce(
      (most, { type }) =>
        Math.max(
          most,
          (type.shape ?? []).map(perImage).reduce((a, b) => a * b, 1),
        ),
      0,
    );

/** A graph, with its gradient or without, or one InputError that names the file. */
async function outcome(bytes: Uint8Array): Promise<'read' | 'refused'> {
  let graph: Graph;
  try {
    ({ graph } = await readOnnx({ bytes, name: 'damaged.onnx' }));
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    assert.match(thrown.message, /damaged\.onnx/);
    return 'refused';
  }
  // A stored number takes at least one byte, and at most 8 in memory.
  assert.ok(
    storedBytes(graph) <= 8 * bytes.length + 65536,
    `${storedBytes(graph)} bytes from ${bytes.length}`,
  );
  const [output] = Object.values(graph.outputs);
  const { shape } = output.type;
  // Derived graphs hold constants as long as an axis or an image: those of ordinary size are derived.
  if (shape !== undefined && graph.inputs.length > 0 && largestValue(graph) <= 2 ** 20) {
    try {
      differentiate(output, graph.inputs, input('seed', shape));
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
    }
  }
  return 'read';
}

describe('damaged files of real architectures', () => {
  for (const model of models) {
    it(`${model}: ${perModel} mutations, each an error that names the file or a graph`, async () => {
      const bytes = bytesOf(model);
      assert.equal(await outcome(bytes), 'read');
      const before = process.resourceUsage().maxRSS;
      const counts = { read: 0, refused: 0 };
      for (let i = 0; i < perModel; i++) {
        const random = createRandom(i, model);
        const damaged = mutations[i % mutations.length](bytes, random);
        try {
          counts[await outcome(damaged)]++;
        } catch (thrown) {
          throw new Error(`mutation ${i} of ${model}`, { cause: thrown });
        }
      }
      assert.ok(counts.read > 0 && counts.refused > 0, JSON.stringify(counts));
      // maxRSS counts KiB.
      const grown = (process.resourceUsage().maxRSS - before) / 1024;
      assert.ok(grown < 512, `memory grew by ${grown} MiB`);
    });
  }
});
