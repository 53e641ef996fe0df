import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import * as ort from 'onnxruntime-node';
import { inputXGradient } from '../../lib/src/attribution/inputXGradient.js';
import { lime } from '../../lib/src/attribution/lime.js';
import { occlusion } from '../../lib/src/attribution/occlusion.js';
import type { Limits } from '../../lib/src/engine/expendableWorker.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createOperatorTrial } from '../../lib/src/engine/operatorTrial.js';
import { shapeOf } from '../../lib/src/graph/graph.js';
import { apply, constant, createNode, floats, input } from '../../lib/src/graph/node.js';
import { readOnnx } from '../../lib/src/graph/onnx/read.js';
import { ModelProto } from '../../lib/src/graph/onnx/schema.js';
import { morfCurve } from '../../lib/src/metric/faithfulness/morf.js';
import { relevanceRanking } from '../../lib/src/metric/faithfulness/ranking.js';
import { maxSensitivity } from '../../lib/src/metric/robustness/maxSensitivity.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { rows, type Tensor } from '../../lib/src/tensor.js';
import { normals, plainDescription } from '../classifiers.js';
import { type Fields, int, ints, longs, numbers, text } from '../graph/onnx/forms.js';
import { refusesInput } from '../refuses.js';

/** Nodes from x [N, 4, 4, 4] to t, behind which a linear layer gives three logits. */
interface Layer {
  readonly nodes: readonly Fields[];
  readonly weights?: readonly Fields[];
  /** Values of t for each image; t is flattened where it is not a vector. */
  readonly width: number;
  readonly domains?: readonly Fields[];
  readonly gradient?: true;
}

const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  rest: Fields = {},
): Fields => ({
  ...{ name: opType === 'Transpose' ? '' : opType, opType, input: inputs, output: outputs },
  ...rest,
});
const flattened = (from: string): Fields => node('Flatten', [from], ['t']);
const random = (name: string, dims: readonly number[]): Fields =>
  numbers(name, [...normals(name, dims, 0.5).data], dims);
const zero = { name: 'zero', dims: [], dataType: 2, int32Data: [100] };

/** The image as a sequence of 4 steps of 16 values, and the last state of a recurrent layer whose first is 0. */
const recurrent = (opType: string, gates: number): Layer => ({
  nodes: [
    node('Reshape', ['x', 'steps'], ['sequence']),
    node('Transpose', ['sequence'], ['first'], { attribute: [ints('perm', [1, 0, 2])] }),
    node(opType, ['first', 'w', 'r'], ['', 'state'], { attribute: [int('hidden_size', 5)] }),
    node('Transpose', ['state'], ['last'], { attribute: [ints('perm', [1, 0, 2])] }),
    flattened('last'),
  ],
  weights: [longs('steps', [0, 4, 16]), random('w', [1, 5 * gates, 16]), random('r', [1, 5 * gates, 5])],
  width: 5,
});

const layers: Readonly<Record<string, Layer>> = {
  Tile: {
    nodes: [node('Tile', ['x', 'repeats'], ['tiles']), flattened('tiles')],
    weights: [longs('repeats', [1, 1, 2, 1])],
    width: 128,
  },
  DepthToSpace: {
    nodes: [node('DepthToSpace', ['x'], ['wide'], { attribute: [int('blocksize', 2)] }), flattened('wide')],
    width: 64,
  },
  LSTM: recurrent('LSTM', 4),
  GRU: recurrent('GRU', 3),
  TopK: {
    nodes: [node('Flatten', ['x'], ['flat']), node('TopK', ['flat', 'k'], ['t', 'places'])],
    weights: [longs('k', [7])],
    width: 7,
  },
  QuantizeLinear: {
    nodes: [
      node('QuantizeLinear', ['x', 'scale', 'zero'], ['bytes']),
      node('DequantizeLinear', ['bytes', 'scale', 'zero'], ['floats']),
      flattened('floats'),
    ],
    weights: [numbers('scale', [0.03], []), zero],
    width: 64,
  },
  Col2Im: {
    nodes: [
      node('Reshape', ['x', 'blocks'], ['columns']),
      node('Col2Im', ['columns', 'image', 'block'], ['summed']),
      flattened('summed'),
    ],
    weights: [longs('blocks', [0, 4, 16]), longs('image', [5, 5]), longs('block', [2, 2])],
    width: 25,
  },
  'Einsum with an ellipsis': {
    nodes: [
      node('Einsum', ['x'], ['turned'], { attribute: [text('equation', '...hw->...wh')] }),
      flattened('turned'),
    ],
    width: 64,
  },
  'Einsum of a diagonal': {
    nodes: [
      node('Einsum', ['x'], ['diagonal'], { attribute: [text('equation', 'nchh->nch')] }),
      flattened('diagonal'),
    ],
    width: 16,
  },
  'Einsum of three operands': {
    nodes: [
      node('Einsum', ['x', 'rows', 'columns'], ['t'], { attribute: [text('equation', 'nchw,h,w->nc')] }),
    ],
    weights: [random('rows', [4]), random('columns', [4])],
    width: 4,
  },
  'Resize, antialiased': {
    nodes: [
      node('Resize', ['x', '', 'scales'], ['small'], {
        attribute: [text('mode', 'linear'), int('antialias', 1)],
      }),
      flattened('small'),
    ],
    weights: [numbers('scales', [1, 1, 0.5, 0.5])],
    width: 16,
  },
  'FusedConv of com.microsoft': {
    nodes: [
      node('FusedConv', ['x', 'kernel'], ['maps'], {
        domain: 'com.microsoft',
        attribute: [text('activation', 'Relu')],
      }),
      flattened('maps'),
    ],
    weights: [random('kernel', [2, 4, 3, 3])],
    width: 8,
    domains: [{ domain: 'com.microsoft', version: 1 }],
  },
};

function fileOf(
  { nodes, weights = [], width, domains = [] }: Layer,
  batch: string | number = 'N',
): Uint8Array {
  const dim = [batch, 4, 4, 4].map((size) =>
    typeof size === 'string' ? { dimParam: size } : { dimValue: size },
  );
  return ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 18 }, ...domains],
      graph: {
        name: 'network',
        node: [...nodes, node('Gemm', ['t', 'head', 'bias'], ['logits'], { name: 'head' })],
        initializer: [...weights, random('head', [width, 3]), random('bias', [3])],
        input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }],
        output: [{ name: 'logits', type: { tensorType: { elemType: 1 } } }],
      },
    }),
  ).finish();
}

describe('operators without a rule', () => {
  const engine = createEngine({ threads: 1 });
  const images = normals('images', [5, 4, 4, 4]);
  const description = plainDescription(4, 3);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-passed-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true });
  });
  const open = async (bytes: Uint8Array) => {
    const path = join(folder, 'network.onnx');
    await writeFile(path, bytes);
    return openClassifier(path, { engine, ...description });
  };

  for (const [name, layer] of Object.entries(layers)) {
    it(`${name}: the network is scored as onnxruntime runs the file, and explained by perturbation`, async () => {
      const bytes = fileOf(layer);
      const classifier = await open(bytes);
      assert.deepEqual(classifier.logits.type.shape, ['N', 3]);
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
      const scores = await classifier.score(images);
      for (let i = 0; i < 5; i++) {
        const x = new ort.Tensor('float32', Float32Array.from(rows(images, i).data), [1, 4, 4, 4]);
        const { logits } = await session.run({ x });
        for (const [c, logit] of Array.from(logits.data, Number).entries()) {
          const expected = 1 / (1 + Math.exp(-logit));
          assert.ok(Math.abs(scores.data[3 * i + c] - expected) < 1e-5, `image ${i}, class ${c}`);
        }
      }
      await session.release();

      const explain = occlusion(classifier, { window: [2, 2], stride: [1, 1] });
      const targets = [0, 1, 2, 0, 1];
      const { values } = await explain(images, targets);
      // What an image gets does not depend on what is explained with it.
      const { values: alone } = await explain(rows(images, 3), [0]);
      for (const [i, value] of rows(values, 3).data.entries()) {
        assert.ok(Math.abs(value - alone.data[i]) < 1e-4, `pixel ${i}`);
      }
      assert.ok(values.data.some((value) => Math.abs(value) > 1e-3));
      const superpixels = await lime(classifier, { samples: 50 })(images, targets);
      assert.ok(superpixels.values.data.some((value) => value !== 0));
      assert.ok(superpixels.values.data.every(Number.isFinite));

      const image = { data: rows(images, 0).data, shape: [4, 4, 4] };
      const scoreOfFirst = async (stack: Tensor) =>
        (await classifier.score(stack)).data.filter((_, i) => i % 3 === 0);
      const ranking = relevanceRanking(rows(alone, 0), { image: 'image' });
      const curve = await morfCurve(scoreOfFirst, image, ranking);
      assert.ok(curve.scores.every((score) => score > 0 && score < 1));
      const [sensitivity] = await maxSensitivity(explain, rows(images, 0), [0], { draws: 3, seed: 1 });
      assert.ok(sensitivity > 0 && Number.isFinite(sensitivity));
      await classifier.dispose();
    });
  }

  it('are named by the methods that need a gradient through them, and by no others', async () => {
    const gradientThrough = async (name: string, operator: string) => {
      const classifier = await open(fileOf(layers[name]));
      await refusesInput(
        () => inputXGradient(classifier)(images, [0, 0, 0, 0, 0]),
        `${operator} node "${operator}"`,
        /cannot be differentiated.*Occlusion, LIME/,
      );
    };
    await gradientThrough('QuantizeLinear', 'DequantizeLinear');
    await gradientThrough('Col2Im', 'Col2Im');
    await gradientThrough('Resize, antialiased', 'Resize');
    // What no pixel leads to needs no gradient.
    const beside = await open(
      fileOf({
        nodes: [
          node('Flatten', ['x'], ['flat']),
          node('Col2Im', ['columns', 'image', 'block'], ['factors']),
          node('Squeeze', ['factors', 'two'], ['row']),
          node('Mul', ['flat', 'row'], ['t']),
        ],
        weights: [
          ...[random('columns', [1, 1, 64]), longs('image', [1, 64]), longs('block', [1, 1])],
          longs('two', [1, 2]),
        ],
        width: 64,
      }),
    );
    const { values } = await inputXGradient(beside)(images, [0, 0, 0, 0, 0]);
    assert.ok(values.data.some((value) => value !== 0));
  });

  it('of a file for one image take any number: a recurrent layer stores zeros for the first state of one', async () => {
    const { nodes, weights = [], width } = layers.LSTM;
    const states = nodes.map((one) =>
      one.opType === 'LSTM' ? { ...one, input: ['first', 'w', 'r', '', '', 'state0', 'cell0'] } : one,
    );
    const zeros = ['state0', 'cell0'].map((name) => numbers(name, new Array<number>(5).fill(0), [1, 1, 5]));
    const single = await open(fileOf({ nodes: states, weights: [...weights, ...zeros], width }, 1));
    const dynamic = await open(fileOf(layers.LSTM));
    assert.deepEqual((await single.score(images)).data, (await dynamic.score(images)).data);
    const ones = zeros.map((state) => ({ ...state, floatData: [1, 1, 1, 1, 1] }));
    await refusesInput(
      () => open(fileOf({ nodes: states, weights: [...weights, ...ones], width }, 1)),
      'LSTM node "LSTM"',
      /takes one image, but not 2/,
    );
  });

  it('are not tried where they compute masks from shapes alone, as in Swin', async () => {
    const file = new URL('../fixtures/architectures/swin-captured-18.onnx.gz', import.meta.url);
    const trial = createOperatorTrial({ limits: { seconds: 0, bytes: 0 } });
    const source = { bytes: gunzipSync(readFileSync(file)), name: 'swin.onnx' };
    const { graph } = await readOnnx(source, { measure: trial.measure });
    assert.deepEqual(Object.values(graph.outputs)[0].type.shape, ['N', 5]);
    await trial.dispose();
  });

  it('are named where their shape is not known, rather than what comes behind them', async () => {
    const { graph } = await readOnnx({ bytes: fileOf(layers.Col2Im), name: 'network.onnx' });
    assert.throws(
      () => shapeOf(graph.outputs.logits),
      /Col2Im node "Col2Im".*not known, and Gemm node "head"/,
    );
  });

  describe('are refused, by name,', () => {
    const refuses = (layer: Partial<Layer>, operator: string, what: RegExp) =>
      refusesInput(
        () => open(fileOf({ nodes: [], width: 64, ...layer })),
        `network.onnx, ${operator} node "${operator}"`,
        what,
      );

    it('where they are not listed', async () => {
      for (const [domain, operator] of [
        ['com.microsoft', 'GatherBlockQuantized'],
        ['ai.onnx.ml', 'FeatureVectorizer'],
        ['com.example', 'Relu'],
        ['constructor', 'name'],
      ]) {
        const nodes = [node(operator, ['x'], ['y'], { domain }), flattened('y')];
        const domains = [{ domain, version: 1 }];
        await refuses({ nodes, domains }, operator, new RegExp(`domain "${domain}" is not supported`));
      }
      for (const operator of ['RandomNormalLike', 'TfIdfVectorizer', 'NonZero', 'DynamicQuantizeLinear']) {
        await refuses(
          { nodes: [node(operator, ['x'], ['y']), flattened('y')] },
          operator,
          /is not supported/,
        );
      }
    });

    it('where they would take memory without end', async () => {
      const nodes = [
        node('ArgMax', ['x'], ['places'], { attribute: [int('axis', 1)] }),
        node('OneHot', ['places', 'depth', 'values'], ['hot']),
        flattened('hot'),
      ];
      const weights = [longs('depth', [2 ** 23]), numbers('values', [0, 1])];
      await refuses({ nodes, weights }, 'OneHot', /not safe to run.*stopped at \d+ MiB of memory/);
    });

    it('where the image would decide how much they take', async () => {
      const whole = node('Cast', ['x'], ['whole'], { attribute: [int('to', 7)] });
      const range = [
        node('ReduceMax', ['x'], ['most'], { attribute: [int('keepdims', 0)] }),
        node('Range', ['none', 'most', 'one'], ['y']),
      ];
      const weights = [numbers('none', [0], []), numbers('one', [1], [])];
      await refuses({ nodes: [...range, flattened('y')], weights }, 'Range', /depends on the contents/);
      const shaped = [whole, node('ConstantOfShape', ['whole'], ['y']), flattened('y')];
      await refuses({ nodes: shaped }, 'ConstantOfShape', /depends on the contents/);
    });

    it('where they mix the images of a batch', async () => {
      const nodes = [
        node('LpNormalization', ['x'], ['y'], { attribute: [int('axis', 0), int('p', 1)] }),
        flattened('y'),
      ];
      await refuses({ nodes }, 'LpNormalization', /mixes the images of a batch/);
    });

    it('where the runtime does not take their attributes', async () => {
      const nodes = [node('LRN', ['x'], ['y'], { attribute: [int('size', 0)] }), flattened('y')];
      await refuses({ nodes }, 'LRN', /cannot be run/);
    });

    it('where they divide whole numbers by what may be -1, at which processors stop', async () => {
      for (const operator of ['Div', 'Mod']) {
        const nodes = [
          node('Cast', ['x'], ['whole'], { attribute: [int('to', 7)] }),
          node(operator, ['whole', 'divisor'], ['quotient']),
          node('Cast', ['quotient'], ['y'], { attribute: [int('to', 1)] }),
          flattened('y'),
        ];
        await refuses({ nodes, weights: [longs('divisor', [-1])] }, operator, /may not be positive/);
      }
    });
  });

  it('and all others are refused where one image would take memory without end', async () => {
    const constants = Array.from({ length: 5 }, (_, i) => [
      node('Expand', ['one', 'many'], [`large${i}`], { name: `large${i}` }),
      node('ReduceMean', [`large${i}`, 'axes'], [`mean${i}`], { name: `mean${i}` }),
    ]);
    const sums = constants.map((_, i) =>
      node('Add', [i === 0 ? 'x' : `sum${i - 1}`, `mean${i}`], [`sum${i}`], { name: `sum${i}` }),
    );
    const weights = [numbers('one', [1]), longs('many', [2 ** 26]), longs('axes', [0])];
    const layer = { nodes: [...constants.flat(), ...sums, flattened('sum4')], weights, width: 64 };
    await refusesInput(
      () => open(fileOf(layer)),
      'network.onnx',
      /for one image takes.*at most 1 GiB, got 1.\d GiB/,
    );
  });

  describe('that are tried', () => {
    const x = input('x', ['N', 2]);
    const outputTypes = [{ dataType: 'float32', shape: undefined }] as const;
    const attributes = { slots: [0], outputTypes };
    const harmless = createNode(
      'Opaque',
      [x],
      { ...attributes, operator: 'Sin', domain: '', raw: {} },
      'wave',
    );

    it('end a process of their own, not this one', async function () {
      // Others give something for a division by zero.
      if (process.arch !== 'x64') this.skip();
      const bytes = constant({ dataType: 'uint8', shape: [2, 16], data: new Uint8Array(32) });
      const places = apply('Cast', [x], { to: 'int64' });
      const raw = { block_size: { type: 'int', value: 0n } } as const;
      const dividing = createNode(
        'Opaque',
        [bytes, places, floats([1, 1], [2, 1])],
        {
          ...{ operator: 'GatherBlockQuantized', domain: 'com.microsoft' },
          raw,
          outputTypes,
          slots: [0, 1, 2],
        },
        'blocks',
      );
      const trial = createOperatorTrial();
      await refusesInput(
        () => trial.measure(dividing),
        'GatherBlockQuantized node "blocks"',
        /not safe to run: in a process of its own, it was ended by SIGFPE/,
      );
      await trial.dispose();
    });

    it('have so much time and memory', async () => {
      const start = async (limits: Limits) => {
        const trial = createOperatorTrial({ limits });
        try {
          return await trial.measure(harmless);
        } finally {
          await trial.dispose();
        }
      };
      assert.deepEqual(await start({ seconds: 60, bytes: 2 ** 31 }), [
        { dataType: 'float32', shape: ['N', 2] },
      ]);
      await refusesInput(
        () => start({ seconds: 0.01, bytes: 2 ** 31 }),
        'Sin node "wave"',
        /stopped after 0.01 s of processor time/,
      );
      await refusesInput(() => start({ seconds: 60, bytes: 2 ** 20 }), 'Sin', /stopped at 1 MiB of memory/);
    });
  });
});
