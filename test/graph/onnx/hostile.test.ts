import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { floats, input } from '../../../lib/src/graph/node.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { ModelProto } from '../../../lib/src/graph/onnx/schema.js';
import { writeOnnx } from '../../../lib/src/graph/onnx/write.js';
import { relu } from '../../../lib/src/graph/operators/activation.js';
import { flatten } from '../../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../../lib/src/graph/operators/convolution.js';
import { gemm } from '../../../lib/src/graph/operators/matMul.js';
import { maxPool } from '../../../lib/src/graph/operators/pooling.js';
import { resize } from '../../../lib/src/graph/operators/resize.js';
import type { Shape } from '../../../lib/src/graph/type.js';

type Fields = Record<string, unknown>;

const tensorType = (dims: readonly (number | string)[], elemType = 1): Fields => ({
  tensorType: {
    elemType,
    shape: { dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) },
  },
});
const image = { name: 'x', type: tensorType(['batch', 2, 4, 4]) };

/** The bytes of a model with one ReLU from x to y, with parts replaced. */
function model(graph: Fields = {}, rest: Fields = {}): Uint8Array {
  return ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 18 }],
      graph: {
        node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
        input: [image],
        output: [{ name: 'y' }],
        ...graph,
      },
      ...rest,
    }),
  ).finish();
}

const read = (bytes: Uint8Array, folder?: string) =>
  readOnnx({ bytes, name: 'network.onnx', ...(folder === undefined ? {} : { folder }) });

const int = (name: string, i: number): Fields => ({ name, type: 2, i });
const ints = (name: string, values: readonly number[]): Fields => ({ name, type: 7, ints: values });

async function refused(bytes: Uint8Array, ...patterns: RegExp[]): Promise<void> {
  await assert.rejects(read(bytes), (thrown: unknown) => {
    assert.ok(thrown instanceof InputError, String(thrown));
    for (const pattern of [/network\.onnx/, ...patterns]) assert.match(thrown.message, pattern);
    return true;
  });
}

describe('readOnnx on wrong input', () => {
  it('refuses what is no model, naming the file', async () => {
    await refused(new Uint8Array(0), /empty/);
    await refused(new TextEncoder().encode('{"not": "protobuf"}'));
    await refused(new Uint8Array(100).fill(255), /not an ONNX file/);
    await refused(ModelProto.encode(ModelProto.fromObject({ irVersion: 8 })).finish(), /no network/);
  });

  it('names a missing file and a folder', async () => {
    await assert.rejects(readOnnx('/nowhere/network.onnx'), (thrown: unknown) => {
      assert.ok(thrown instanceof InputError);
      assert.match(thrown.message, /\/nowhere\/network\.onnx.*does not exist/);
      return true;
    });
    await assert.rejects(readOnnx(tmpdir()), InputError);
  });

  it('refuses operator versions it does not know, and a file cut off before the version', async () => {
    for (const version of [6, 24, -1]) {
      await refused(model({}, { opsetImport: [{ domain: '', version }] }), /opset 7 to 23/);
    }
    await refused(model({}, { opsetImport: [] }), /no opset/);
  });

  it('refuses training mode, control flow and local functions by name', async () => {
    const weights = ['s', 'b', 'm', 'v'].map((name) => ({ name, dims: [2], dataType: 1, floatData: [1, 1] }));
    await refused(
      model({
        initializer: weights,
        node: [
          {
            name: 'norm',
            opType: 'BatchNormalization',
            input: ['x', 's', 'b', 'm', 'v'],
            output: ['y'],
            attribute: [int('training_mode', 1)],
          },
        ],
      }),
      /BatchNormalization node "norm"/,
      /training mode/,
    );
    const branch = { name: 'then_branch', type: 5, g: { node: [{ opType: 'Relu' }] } };
    await refused(
      model({ node: [{ opType: 'If', input: ['x'], output: ['y'], attribute: [branch] }] }),
      /control flow \(If\)/,
      /depends on the image/,
    );
    await refused(model({ node: [{ opType: 'Loop', input: ['x'], output: ['y'] }] }), /control flow/);
    await refused(model({}, { functions: [new Uint8Array([10, 1, 65])] }), /local functions/);
  });

  it('refuses weights whose data and dimensions disagree, without allocating what they claim', async () => {
    const weights = (fields: Fields) => model({ initializer: [{ name: 'w', dataType: 1, ...fields }] });
    await refused(
      weights({ dims: [3], rawData: new Uint8Array(8) }),
      /weights "w"/,
      /expected 12 bytes, got 8/,
    );
    await refused(weights({ dims: [3], floatData: [1, 2] }), /expected 3 values, got 2/);
    await refused(weights({ dims: [-3], floatData: [1, 2, 3] }), /impossible dimensions/);
    await refused(weights({ dims: [2 ** 31, 2 ** 31, 2 ** 31], rawData: new Uint8Array(4) }), /bytes/);
    await refused(weights({ dims: [2 ** 52], rawData: new Uint8Array(4) }), /impossible dimensions/);
    await refused(weights({ dims: [1], dataType: 8 }), /element type/);
    await refused(weights({ dims: [1], dataType: 1, name: '', floatData: [1] }), /without a name/);
  });

  it('refuses names that are made twice or never', async () => {
    const node = { opType: 'Relu', input: ['x'], output: ['y'] };
    await refused(model({ node: [node, node] }), /two values share the name "y"/);
    await refused(model({ node: [{ ...node, output: ['x'] }] }), /two values share the name "x"/);
    await refused(
      model({ node: [{ ...node, input: ['z'] }] }),
      /"z" is used but never made/,
      /Relu node "y"/,
    );
    await refused(model({ output: [{ name: 'q' }] }), /output "q"/);
    await refused(model({ output: [] }), /no outputs/);
    await refused(model({ input: [image, image] }), /two inputs share one name/);
  });

  it('sorts nodes that come too early and refuses a cycle', async () => {
    const first = { opType: 'Relu', input: ['x'], output: ['a'] };
    const second = { opType: 'Tanh', input: ['a'], output: ['y'] };
    const { graph } = await read(model({ node: [second, first] }));
    assert.equal(graph.outputs.y.node.inputs[0].node.operator, 'Relu');
    await refused(model({ node: [{ opType: 'Add', input: ['x', 'y'], output: ['y'] }] }), /cycle/);
  });

  it('refuses attributes of the wrong type, length or range', async () => {
    const pool = (...attribute: Fields[]) =>
      model({ node: [{ name: 'pool', opType: 'MaxPool', input: ['x'], output: ['y'], attribute }] });
    await refused(pool(), /kernel_shape/);
    await refused(pool(int('kernel_shape', 2)), /MaxPool node "pool"/, /expected type ints, got int/);
    await refused(pool(ints('kernel_shape', [2, 2]), ints('strides', [0, 1])), /strides/);
    await refused(pool(ints('kernel_shape', [2, 2]), ints('pads', [1])), /pads/);
    await refused(pool(ints('kernel_shape', [2])), /wrong rank/);
    await refused(pool(ints('kernel_shape', [9, 9])), /window is larger/);
    await refused(
      pool({ name: 'auto_pad', type: 3, s: new TextEncoder().encode('ODD') }, ints('kernel_shape', [2, 2])),
      /auto_pad/,
    );
    await refused(model({ node: [{ opType: 'Conv', input: ['x'], output: ['y'] }] }), /an input is missing/);
    await refused(model({ node: [{ opType: 'Relu', input: [], output: ['y'] }] }), /an input is missing/);
    await refused(model({ node: [{ opType: 'Relu', input: ['x'], output: [] }] }), /without outputs/);
  });

  describe('branches', () => {
    const condition = (value: number): Fields => ({
      name: 'condition',
      dims: [],
      dataType: 9,
      int32Data: [value],
    });
    const inner = (opType: string, name = 'inner'): Fields => ({
      node: [{ opType, input: ['x'], output: [name] }],
      output: [{ name }],
    });
    const choice = (
      value: number,
      branches: Record<string, Fields>,
      rest: readonly Fields[] = [],
    ): Uint8Array =>
      model({
        initializer: [condition(value)],
        node: [
          {
            name: 'choice',
            opType: 'If',
            input: ['condition'],
            output: ['y'],
            attribute: Object.entries(branches).map(([name, g]) => ({ name, type: 5, g })),
          },
          ...rest,
        ],
      });

    it('are taken where the condition is constant, with weights of their own', async () => {
      const branches = {
        then_branch: inner('Relu'),
        else_branch: {
          initializer: [{ name: 'one', dims: [1], dataType: 1, floatData: [1] }],
          node: [{ opType: 'Add', input: ['x', 'one'], output: ['inner'] }],
          output: [{ name: 'inner' }],
        },
      };
      const taken = await read(choice(1, branches));
      assert.equal(taken.graph.outputs.y.node.operator, 'Relu');
      const other = await read(choice(0, branches));
      assert.equal(other.graph.outputs.y.node.operator, 'Add');
      assert.equal(other.graph.outputs.y.node.inputs[1].node.name, 'one');
    });

    it('may use values that nodes further down make', async () => {
      const branch = {
        node: [{ opType: 'Relu', input: ['late'], output: ['inner'] }],
        output: [{ name: 'inner' }],
      };
      const late = { opType: 'Tanh', input: ['x'], output: ['late'] };
      const { graph } = await read(choice(1, { then_branch: branch }, [late]));
      assert.equal(graph.outputs.y.node.inputs[0].node.operator, 'Tanh');
    });

    it('are refused where they are missing, incomplete, take names of others or nest too deeply', async () => {
      await refused(choice(0, { then_branch: inner('Relu') }), /If node "choice"/, /fitting else_branch/);
      await refused(choice(1, { then_branch: {} }), /fitting then_branch/);
      await refused(choice(1, { then_branch: { output: [{ name: 'nowhere' }] } }), /"nowhere"/);
      await refused(choice(1, { then_branch: inner('Relu', 'x') }), /share the name "x"/);
      let nested = inner('Relu');
      for (let depth = 0; depth < 20; depth++) {
        const attribute = [{ name: 'then_branch', type: 5, g: nested }];
        nested = {
          node: [{ opType: 'If', input: ['condition'], output: [`y${depth}`], attribute }],
          output: [{ name: `y${depth}` }],
        };
      }
      await refused(choice(1, { then_branch: nested }), /nested too deeply/);
    });
  });

  it('treats names such as "__proto__" as any other', async () => {
    const name = '__proto__';
    const { graph, metadata } = await read(
      model(
        {
          node: [{ opType: 'Tanh', input: [name], output: ['constructor'] }],
          input: [{ ...image, name }],
          output: [{ name: 'constructor' }],
        },
        { metadataProps: [{ key: name, value: 'v' }] },
      ),
    );
    assert.deepEqual(Object.entries(metadata), [[name, 'v']]);
    assert.equal(graph.inputs[0].node.name, name);
    assert.deepEqual(
      Object.entries(graph.outputs).map(([key, value]) => [key, value.node.operator]),
      [['constructor', 'Tanh']],
    );
  });

  it('says which input shape is open, and takes it from inputShapes', async () => {
    const open = model({ input: [{ name: 'x', type: tensorType(['batch', 2, 'height', 'width']) }] });
    await refused(open, /input "x"/, /got \[N, 2, \?, \?\]/, /inputShapes/);
    const source = { bytes: open, name: 'network.onnx' };
    const { graph } = await readOnnx(source, { inputShapes: { x: ['N', 2, 6, 5] } });
    assert.deepEqual(graph.outputs.y.type.shape, ['N', 2, 6, 5]);
    const wrong: Record<string, Shape>[] = [{ x: ['N', 3, 6, 5] }, { x: ['N', 2, 6] }, { z: ['N'] }];
    for (const inputShapes of wrong) {
      await assert.rejects(readOnnx(source, { inputShapes }), InputError);
    }
    await refused(model({ input: [{ name: 'x', type: tensorType([8, 2, 4, 4]) }] }), /fixed to one batch/);
    for (const batch of [1, -1, 0, 'N']) {
      const fixed = await read(model({ input: [{ name: 'x', type: tensorType([batch, 2, 4, 4]) }] }));
      assert.deepEqual(fixed.graph.inputs[0].type.shape, ['N', 2, 4, 4]);
    }
  });

  it('survives a chain of a thirty thousand nodes and sub-graphs nested deeper than the stack', async () => {
    const node = Array.from({ length: 3e4 }, (_, i) => ({
      opType: 'Relu',
      input: [i === 0 ? 'x' : `v${i}`],
      output: [i === 3e4 - 1 ? 'y' : `v${i + 1}`],
    }));
    const { graph } = await read(model({ node }));
    assert.deepEqual(graph.outputs.y.type.shape, ['N', 2, 4, 4]);
    // GraphProto.node (1) > NodeProto.attribute (5) > AttributeProto.g (6), again and again.
    let bytes = new Uint8Array(0);
    for (let depth = 0; depth < 3000; depth++) {
      for (const tag of [0x32, 0x2a, 0x0a]) {
        const size: number[] = [];
        for (let rest = bytes.length; ; rest >>>= 7) {
          if (rest < 128) {
            size.push(rest);
            break;
          }
          size.push((rest & 127) | 128);
        }
        bytes = Uint8Array.from([tag, ...size, ...bytes]);
      }
      if (bytes.length > 20_000) break;
    }
    const size = bytes.length;
    await refused(
      Uint8Array.from([0x3a, (size & 127) | 128, ((size >>> 7) & 127) | 128, size >>> 14, ...bytes]),
    );
  });
});

describe('external weights', () => {
  let folder: string;
  before(async () => {
    const root = await mkdtemp(join(tmpdir(), 'landlens-'));
    folder = join(root, 'model');
    await mkdir(join(folder, 'sub'), { recursive: true });
    await writeFile(join(root, 'secret'), new Uint8Array(64));
    await writeFile(join(folder, 'weights'), new Uint8Array(Float32Array.of(9, 1, 2, 3).buffer));
    await symlink(join(root, 'secret'), join(folder, 'link'));
    await symlink(join(folder, 'weights'), join(folder, 'sub', 'inside'));
  });
  after(() => rm(join(folder, '..'), { recursive: true }));

  const external = (location: string, offset = '4', length = '12') =>
    model({
      initializer: [
        {
          name: 'w',
          dataType: 1,
          dims: [3],
          dataLocation: 1,
          externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({ key, value })),
        },
      ],
      node: [{ opType: 'Identity', input: ['w'], output: ['y'] }],
    });

  it("are read from the model's folder at their offset", async () => {
    for (const location of ['weights', 'sub/inside', './weights']) {
      const { graph } = await read(external(location), folder);
      const { node } = graph.outputs.y;
      assert.ok(node.operator === 'Constant');
      assert.deepEqual([...node.attributes.value.data], [1, 2, 3]);
    }
  });

  it('are refused outside it, and where offset or length are wrong', async () => {
    const wrong = [
      external('../secret'),
      external('sub/../../secret'),
      external('..\\secret'),
      external(join(folder, '..', 'secret')),
      external('C:\\secret'),
      external('link'),
      external('sub'),
      external('missing'),
      external(''),
      external('weights\0'),
      external('weights', '8'),
      external('weights', '-4'),
      external('weights', '1e99'),
      external('weights', '4', '8'),
      external('weights', '4', '99999999999999999999'),
    ];
    for (const bytes of wrong) await assert.rejects(read(bytes, folder), InputError);
    await assert.rejects(read(external('weights')), InputError);
    await assert.rejects(read(external('weights'), join(folder, 'nowhere')), InputError);
    await assert.rejects(read(external('../secret'), join(folder, 'nowhere')), InputError);
  });

  /** A model that adds weights of three values, each of which begins at a byte of its file. */
  const added = (offsets: readonly number[]) =>
    model({
      initializer: offsets.map((offset, i) => ({
        ...{ name: `w${i}`, dataType: 1, dims: [3], dataLocation: 1 },
        externalData: Object.entries({ location: 'weights', offset, length: 12 }).map(([key, value]) => ({
          key,
          value: String(value),
        })),
      })),
      node: [
        { opType: 'Identity', input: ['w0'], output: ['y'] },
        ...offsets.map((_, i) => ({ opType: 'Identity', input: [`w${i}`], output: [`y${i}`] })),
      ],
      output: [{ name: 'y' }, ...offsets.map((_, i) => ({ name: `y${i}` }))],
    });

  it('named many times are read and held once, and otherwise share no byte', async () => {
    const { graph } = await read(added([4, 4, 4]), folder);
    const held = Object.values(graph.outputs).map(({ node }) => {
      assert.ok(node.operator === 'Constant');
      return node.attributes.value.data;
    });
    assert.equal(new Set(held).size, 1, 'one array of values');
    assert.deepEqual([...held[0]], [1, 2, 3]);
    await assert.rejects(read(added([0, 4]), folder), (thrown: unknown) => {
      assert.ok(thrown instanceof InputError);
      assert.match(thrown.message, /weights "w1": weights overlap.*16 bytes.*got 24/);
      return true;
    });
  });
});

describe('readOnnx on damaged files', () => {
  const x = input('image', ['N', 2, 6, 6]);
  const features = relu(conv(x, floats(new Float32Array(54).fill(0.1), [3, 2, 3, 3], 'w'), { name: 'conv' }));
  const pooled = resize(maxPool(features, { kernel: [2, 2] }), { scales: [2, 2] });
  const weight = floats(new Float32Array(96), [48, 2], 'head');
  const scores = gemm(flatten(pooled), weight, undefined);
  const bytes = writeOnnx({ inputs: [x], outputs: { scores } }, { halfWeights: true });

  /** Either a model or one InputError, whatever the bytes. */
  async function survives(damaged: Uint8Array): Promise<void> {
    try {
      const { graph } = await readOnnx({ bytes: damaged, name: 'damaged.onnx' });
      assert.ok(Object.keys(graph.outputs).length > 0);
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      assert.match(thrown.message, /damaged\.onnx/);
    }
  }

  it('gives a model or an InputError for every truncation', async () => {
    for (let length = 0; length < bytes.length; length++) await survives(bytes.subarray(0, length));
  });

  it('gives a model or an InputError for any changed bytes', async () => {
    const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const damaged = Uint8Array.from(bytes);
        for (const { at, to } of changes) damaged[at] = to;
        await survives(damaged);
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 2000), seed: 1 },
    );
  });
});
