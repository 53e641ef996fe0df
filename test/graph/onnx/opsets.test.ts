import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import type { Value } from '../../../lib/src/graph/node.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { ModelProto } from '../../../lib/src/graph/onnx/schema.js';

type Fields = Record<string, unknown>;

const int = (name: string, i: number): Fields => ({ name, type: 2, i });
const ints = (name: string, values: readonly number[]): Fields => ({ name, type: 7, ints: values });
const float = (name: string, f: number): Fields => ({ name, type: 1, f });
const text = (name: string, s: string): Fields => ({ name, type: 3, s: new TextEncoder().encode(s) });
const longs = (name: string, values: readonly number[]): Fields => ({
  name,
  dims: [values.length],
  dataType: 7,
  int64Data: values,
});
const numbers = (name: string, floatData: readonly number[], dims = [floatData.length]): Fields => ({
  name,
  dims,
  dataType: 1,
  floatData,
});

interface Case {
  readonly operator: string;
  readonly opset: number;
  readonly attributes?: readonly Fields[];
  /** Inputs after x, as stored weights; undefined leaves one out. */
  readonly weights?: readonly (Fields | undefined)[];
  readonly shape?: readonly (number | string)[];
  readonly outputs?: readonly string[];
}

/** The value y of a network with one node on x, [N, 2, 5, 5] unless told. */
async function readNode({
  operator,
  opset,
  attributes = [],
  weights = [],
  shape = ['N', 2, 5, 5],
  outputs = ['y'],
}: Case): Promise<Value> {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  const bytes = ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        node: [
          {
            name: 'node',
            opType: operator,
            input: ['x', ...weights.map((weight) => weight?.name ?? '')],
            output: outputs,
            attribute: attributes,
          },
        ],
        initializer: weights.filter((weight) => weight !== undefined),
        input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }],
        output: [{ name: 'y' }],
      },
    }),
  ).finish();
  const { graph } = await readOnnx({ bytes, name: 'network.onnx' });
  return graph.outputs.y;
}

/** Every form of one operator means the same. */
async function same(
  forms: readonly Case[],
  operator: string,
  attributes: Fields,
  shape: unknown,
): Promise<void> {
  for (const form of forms) {
    const { node, type } = await readNode(form);
    assert.equal(node.operator, operator, `opset ${form.opset}`);
    assert.deepEqual(node.attributes, attributes, `opset ${form.opset}`);
    assert.deepEqual(type.shape, shape, `opset ${form.opset}`);
    assert.equal(node.name, 'node');
  }
}

describe('the forms of operators in different opsets', () => {
  it('Squeeze and Unsqueeze take axes as attribute or input', async () => {
    const shape = ['N', 2, 1, 1];
    await same(
      [
        { operator: 'Squeeze', opset: 11, attributes: [ints('axes', [2, 3])], shape },
        { operator: 'Squeeze', opset: 13, weights: [longs('axes', [2, 3])], shape },
        { operator: 'Squeeze', opset: 13, shape },
      ],
      'Squeeze',
      { axes: [2, 3] },
      ['N', 2],
    );
    await same(
      [
        { operator: 'Unsqueeze', opset: 7, attributes: [ints('axes', [1])] },
        { operator: 'Unsqueeze', opset: 23, weights: [longs('axes', [1])] },
      ],
      'Unsqueeze',
      { axes: [1] },
      ['N', 1, 2, 5, 5],
    );
  });

  it('Clip takes its bounds as attributes or inputs', async () => {
    await same(
      [
        { operator: 'Clip', opset: 7, attributes: [float('min', 0), float('max', 6)] },
        { operator: 'Clip', opset: 11, weights: [numbers('min', [0], []), numbers('max', [6], [])] },
      ],
      'Clip',
      { min: 0, max: 6 },
      ['N', 2, 5, 5],
    );
    await same(
      [{ operator: 'Clip', opset: 13, weights: [undefined, numbers('max', [6], [])] }],
      'Clip',
      { min: Number.NEGATIVE_INFINITY, max: 6 },
      ['N', 2, 5, 5],
    );
  });

  it('Slice takes its bounds as attributes or inputs, and "to the end" of the batch is no slice', async () => {
    const end = 2 ** 31 - 1;
    await same(
      [
        {
          operator: 'Slice',
          opset: 9,
          attributes: [ints('starts', [1]), ints('ends', [end]), ints('axes', [2])],
        },
        {
          operator: 'Slice',
          opset: 13,
          weights: [longs('s', [1]), longs('e', [2 ** 62]), longs('a', [2])],
        },
        {
          operator: 'Slice',
          opset: 13,
          weights: [
            longs('s', [0, 1]),
            longs('e', [2 ** 62, 2 ** 62]),
            longs('a', [0, 2]),
            longs('st', [1, 1]),
          ],
        },
      ],
      'Slice',
      { axes: [2], starts: [1], ends: [end], steps: [1] },
      ['N', 2, 4, 5],
    );
  });

  it('Pad takes pads as attribute or input, of all axes or some', async () => {
    await same(
      [
        {
          operator: 'Pad',
          opset: 9,
          attributes: [ints('pads', [0, 0, 1, 0, 0, 0, 2, 0]), float('value', 3)],
        },
        {
          operator: 'Pad',
          opset: 11,
          weights: [longs('p', [0, 0, 1, 0, 0, 0, 2, 0]), numbers('v', [3], [])],
        },
        {
          operator: 'Pad',
          opset: 18,
          weights: [longs('p', [1, 2]), numbers('v', [3], []), longs('a', [-2])],
        },
      ],
      'Pad',
      { pads: [0, 0, 1, 0, 0, 0, 2, 0], mode: 'constant', value: 3 },
      ['N', 2, 8, 5],
    );
  });

  it('Split takes sizes as attribute or input, or cuts equal parts', async () => {
    const shape = ['N', 5];
    const outputs = ['y', 'z'];
    await same(
      [
        { operator: 'Split', opset: 11, attributes: [int('axis', 1), ints('split', [3, 2])], shape, outputs },
        {
          operator: 'Split',
          opset: 13,
          attributes: [int('axis', 1)],
          weights: [longs('s', [3, 2])],
          shape,
          outputs,
        },
        { operator: 'Split', opset: 18, attributes: [int('axis', 1), int('num_outputs', 2)], shape, outputs },
      ],
      'Split',
      { axis: 1, sizes: [3, 2] },
      ['N', 3],
    );
  });

  it('ReduceMean and ReduceSum take axes as attribute or input; no axes means all', async () => {
    const attributes = { axes: [2, 3], keepDims: false };
    const drop = int('keepdims', 0);
    await same(
      [
        { operator: 'ReduceMean', opset: 13, attributes: [ints('axes', [2, 3]), drop] },
        { operator: 'ReduceMean', opset: 18, weights: [longs('axes', [2, 3])], attributes: [drop] },
      ],
      'ReduceMean',
      attributes,
      ['N', 2],
    );
    await same(
      [{ operator: 'ReduceSum', opset: 13, weights: [longs('axes', [2, 3])], attributes: [drop] }],
      'ReduceSum',
      attributes,
      ['N', 2],
    );
    await same(
      [{ operator: 'ReduceSum', opset: 13 }],
      'ReduceSum',
      { axes: [0, 1, 2, 3], keepDims: true },
      [1, 1, 1, 1],
    );
    await same(
      [{ operator: 'ReduceSum', opset: 13, attributes: [int('noop_with_empty_axes', 1)] }],
      'Identity',
      {},
      ['N', 2, 5, 5],
    );
  });

  it('Reshape understands 0, -1 and a batch of one', async () => {
    const targets: readonly (readonly [readonly number[], string | number])[] = [
      [[0, -1], 'N'],
      [[-1, 50], 'N'],
      [[0, 50], 'N'],
      [[1, -1], 1],
      [[1, 50], 1],
    ];
    for (const [target, batch] of targets) {
      await same(
        [{ operator: 'Reshape', opset: 13, weights: [longs('s', target)], shape: [batch, 2, 5, 5] }],
        'Reshape',
        { shape: ['N', 50] },
        ['N', 50],
      );
    }
    await assert.rejects(
      readNode({ operator: 'Reshape', opset: 13, weights: [longs('s', [0, 7])] }),
      InputError,
    );
  });

  it('Upsample and Resize agree on scales and sizes', async () => {
    const scales = [1, 1, 2, 2];
    const attributes = {
      mode: 'nearest',
      coordinates: 'asymmetric',
      nearest: 'floor',
      cubicCoefficient: -0.75,
      axes: [2, 3],
    };
    const modern = [text('coordinate_transformation_mode', 'asymmetric'), text('nearest_mode', 'floor')];
    await same(
      [
        { operator: 'Upsample', opset: 9, weights: [numbers('s', scales)] },
        { operator: 'Resize', opset: 10, weights: [numbers('s', scales)] },
        { operator: 'Resize', opset: 13, attributes: modern, weights: [undefined, numbers('s', scales)] },
      ],
      'Resize',
      { ...attributes, to: { scales: [2, 2] } },
      ['N', 2, 10, 10],
    );
    await same(
      [
        {
          operator: 'Resize',
          opset: 18,
          attributes: [...modern, ints('axes', [2, 3])],
          weights: [undefined, undefined, longs('s', [33, 10])],
        },
        {
          operator: 'Resize',
          opset: 13,
          attributes: modern,
          weights: [undefined, undefined, longs('s', [1, 2, 33, 10])],
          shape: [1, 2, 5, 5],
        },
      ],
      'Resize',
      { ...attributes, to: { sizes: [33, 10] } },
      ['N', 2, 33, 10],
    );
    await same(
      [
        {
          operator: 'Resize',
          opset: 13,
          attributes: modern,
          weights: [undefined, numbers('s', [1, 1, 1, 1])],
        },
      ],
      'Identity',
      {},
      ['N', 2, 5, 5],
    );
  });

  it('auto_pad puts the odd pixel at the end (upper) or the begin (lower)', async () => {
    const pool = (mode: string) =>
      readNode({
        operator: 'MaxPool',
        opset: 12,
        attributes: [ints('kernel_shape', [2, 3]), ints('strides', [1, 2]), text('auto_pad', mode)],
      });
    const pads = async (mode: string) => {
      const { node, type } = await pool(mode);
      assert.ok(node.operator === 'MaxPool');
      return [node.attributes.pads, type.shape];
    };
    assert.deepEqual(await pads('SAME_UPPER'), [
      [0, 1, 1, 1],
      ['N', 2, 5, 3],
    ]);
    assert.deepEqual(await pads('SAME_LOWER'), [
      [1, 1, 0, 1],
      ['N', 2, 5, 3],
    ]);
    assert.deepEqual(await pads('VALID'), [
      [0, 0, 0, 0],
      ['N', 2, 4, 2],
    ]);
  });

  it('Softmax before opset 13 sees all axes from its own on as one', async () => {
    await same([{ operator: 'Softmax', opset: 13, attributes: [int('axis', 1)] }], 'Softmax', { axis: 1 }, [
      'N',
      2,
      5,
      5,
    ]);
    await same([{ operator: 'Softmax', opset: 11, shape: ['N', 5] }], 'Softmax', { axis: 1 }, ['N', 5]);
    const { node } = await readNode({ operator: 'Softmax', opset: 11 });
    const [softmax] = node.inputs;
    assert.equal(node.operator, 'Reshape');
    assert.deepEqual(softmax.type.shape, ['N', 50]);
    assert.equal(softmax.node.name, 'node');
  });

  it('GlobalMaxPool is a MaxPool as large as the image; Less is Greater the other way round', async () => {
    const pool = await readNode({ operator: 'GlobalMaxPool', opset: 13 });
    assert.equal(pool.node.operator, 'MaxPool');
    assert.deepEqual(pool.type.shape, ['N', 2, 1, 1]);
    const less = await readNode({ operator: 'Less', opset: 13, weights: [numbers('w', [0], [])] });
    assert.equal(less.node.operator, 'Greater');
    assert.equal(less.node.inputs[0].node.name, 'w');
  });

  it('Dropout in training is refused, and unknown operators are passed through with their attributes', async () => {
    const training = { name: 't', dims: [], dataType: 9, int32Data: [1] };
    await assert.rejects(
      readNode({ operator: 'Dropout', opset: 13, weights: [numbers('r', [0.5], []), training] }),
      /training mode/,
    );
    assert.equal((await readNode({ operator: 'Dropout', opset: 13 })).node.operator, 'Dropout');
    const { node } = await readNode({
      operator: 'GridSample',
      opset: 20,
      attributes: [text('mode', 'cubic')],
    });
    assert.ok(node.operator === 'Opaque');
    assert.equal(node.attributes.operator, 'GridSample');
    assert.equal(node.attributes.opset, 20);
    assert.equal(node.attributes.raw.mode.type, 'string');
  });

  it('stored fields of every element type are read', async () => {
    const stored: readonly (readonly [number, Fields, readonly unknown[]])[] = [
      [1, { floatData: [1.5, -2] }, [1.5, -2]],
      [2, { int32Data: [200, 3] }, [200, 3]],
      [3, { int32Data: [-5, 3] }, [-5, 3]],
      [6, { int32Data: [-70000, 3] }, [-70000, 3]],
      [7, { int64Data: [-5, 3] }, [-5n, 3n]],
      [9, { int32Data: [1, 0] }, [1, 0]],
      [10, { int32Data: [0x3c00, 0xc000] }, [1, -2]],
      [10, { rawData: Uint8Array.of(0, 0x3c, 0, 0xc0) }, [1, -2]],
      [11, { doubleData: [0.1, 2] }, [0.1, 2]],
    ];
    for (const [dataType, fields, expected] of stored) {
      const tensor = { name: 'value', type: 4, t: { dims: [2], dataType, ...fields } };
      const bytes = ModelProto.encode(
        ModelProto.fromObject({
          opsetImport: [{ version: 13 }],
          graph: {
            node: [{ opType: 'Constant', output: ['y'], attribute: [{ ...tensor, name: 'value' }] }],
            output: [{ name: 'y' }],
          },
        }),
      ).finish();
      const { graph } = await readOnnx({ bytes, name: 'network.onnx' });
      const { node } = graph.outputs.y;
      assert.ok(node.operator === 'Constant');
      assert.equal(node.name, 'y');
      assert.deepEqual([...node.attributes.value.data], expected, `type ${dataType}`);
    }
  });
});
