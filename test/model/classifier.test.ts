import { deepEqual, equal, notEqual, ok, rejects, throws } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { targetWeights } from '../../lib/src/attribution/target.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { InputError } from '../../lib/src/error.js';
import { floats, input, type Value } from '../../lib/src/graph/node.js';
import { sigmoid, softmax } from '../../lib/src/graph/operators/activation.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { globalAveragePool } from '../../lib/src/graph/operators/reduction.js';
import type { Shape } from '../../lib/src/graph/type.js';
import type { Classifier, ClassifierDescription } from '../../lib/src/model/classifier.js';
import { createClassifier } from '../../lib/src/model/createClassifier.js';
import { rows, type Tensor, tensor } from '../../lib/src/tensor.js';
import { classifierOf, convolutionalLogits, normals, plainDescription } from '../classifiers.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

/** c0 is the sum of the means of two bands, c1 their difference. */
const sumAndDifference = (image: Value): Value =>
  gemm(flatten(globalAveragePool(image)), floats([1, 1, 1, -1], [2, 2]), undefined, { transB: true });

const tiny = (changes: Partial<ClassifierDescription> = {}) =>
  classifierOf(engine, [2, 2, 3], sumAndDifference, changes);

const near = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  equal(actual.length, expected.length);
  for (const [i, value] of expected.entries())
    ok(Math.abs(actual[i] - value) < 1e-6, `${actual[i]}, not ${value}`);
};

describe('a classifier', () => {
  const normalisation = { mean: [100, 1000], deviation: [10, 200] };
  const patch = (image: Tensor = tensor(new Float32Array(12).fill(1200), [2, 2, 3])) => ({
    name: 'patch 5',
    bands: ['b0', 'b1'],
    image,
  });

  it('subtracts the mean and divides by the deviation of each band', () => {
    const prepared = tiny({ normalisation }).prepare(patch());
    deepEqual(prepared.shape, [1, 2, 2, 3]);
    deepEqual([...prepared.data], [...new Array<number>(6).fill(110), ...new Array<number>(6).fill(1)]);
  });

  it('names the pixel that is not a number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const { image } = patch();
      image.data[6 + 3 + 2] = value;
      throws(() => tiny().prepare(patch(image)), {
        name: 'InputError',
        message: new RegExp(`patch 5, band b1, row 1, column 2.*${value}`),
      });
    }
  });

  it('refuses bands in another order, and images of another size', () => {
    const swapped = { ...patch(), bands: ['b1', 'b0'] };
    throws(() => tiny().prepare(swapped), { name: 'InputError', message: /patch 5.*b0 b1.*b1 b0/ });
    const turned = patch(tensor(new Float32Array(12), [2, 3, 2]));
    throws(() => tiny().prepare(turned), { name: 'InputError', message: /\[2, 2, 3\].*\[2, 3, 2\]/ });
  });

  it('scores with the sigmoid of its logits', async () => {
    const image = tensor(Float32Array.of(1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1), [1, 2, 2, 3]);
    const scores = await tiny().score(image);
    deepEqual(scores.shape, [1, 2]);
    near(scores.data, [0.5, 1 / (1 + Math.exp(-2))]);
  });

  it('scores more images than fit into one run as it scores each', async () => {
    const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
    const images = normals('many', [37, 4, 16, 16]);
    const program = await classifier.program('scores', () => ({ scores: classifier.scores }));
    ok(program.batchSize < 37);
    const together = await classifier.score(images);
    deepEqual(together.shape, [37, 3]);
    for (let i = 0; i < 37; i++) {
      near(rows(together, i).data, [...(await classifier.score(rows(images, i))).data]);
    }
  });

  it('refuses images of another shape, and none', async () => {
    await rejects(tiny().score(normals('wide', [1, 2, 2, 4])), { name: 'InputError', message: /"image"/ });
    await rejects(tiny().score(normals('none', [0, 2, 2, 3])), { name: 'InputError' });
  });

  it('finds the logits behind a final sigmoid', async () => {
    const image = input('image', ['N', 2, 2, 3]);
    const logits = sumAndDifference(image);
    const description = plainDescription(2, 2);
    const own = createClassifier(sigmoid(logits), description, engine, { hash: '0'.repeat(16) });
    equal(own.logits, logits);
    const scores = await own.score(normals('sigmoid', [1, 2, 2, 3]));
    deepEqual([...scores.data], [...(await tiny().score(normals('sigmoid', [1, 2, 2, 3]))).data]);
  });

  it('compiles once per key, and again after it was disposed of', async () => {
    const classifier = tiny();
    let built = 0;
    const build = () => {
      built++;
      return { scores: classifier.scores };
    };
    const first = await classifier.program('key', build);
    equal(await classifier.program('key', build), first);
    equal(built, 1);
    await classifier.dispose();
    await rejects(first.run({ image: normals('x', [1, 2, 2, 3]) }), /disposed/);
    notEqual(await classifier.program('key', build), first);
    equal((await classifier.score(normals('x', [1, 2, 2, 3]))).data.length, 2);
    await classifier.dispose();
  });

  it('leaves the engine to other classifiers', async () => {
    const [one, two] = [tiny(), tiny()];
    await one.score(normals('x', [1, 2, 2, 3]));
    await one.dispose();
    await two.score(normals('x', [1, 2, 2, 3]));
    await two.dispose();
  });
});

describe('createClassifier refuses', () => {
  const refused = (
    shape: Shape,
    build: (image: Value) => Value,
    message: RegExp,
    changes: Partial<ClassifierDescription> = {},
  ): void => {
    const output = build(input('image', shape));
    const description = { ...plainDescription(2, 2), ...changes };
    throws(() => createClassifier(output, description, engine, { hash: '', where: 'some.onnx' }), {
      name: 'InputError',
      message,
    });
  };
  const image: Shape = ['N', 2, 2, 3];

  it('another number of bands', () => {
    refused(image, sumAndDifference, /some\.onnx: .*bands.*4 bands \(a b c d\).*\[N, 2, 2, 3\]/, {
      bands: ['a', 'b', 'c', 'd'],
    });
  });

  it('another layout', () => {
    refused(image, sumAndDifference, /another layout.*\[N, bands, height, width\].*"NHWC"/, {
      bands: ['a', 'b', 'c'],
    });
    refused(
      ['N', 3, 3, 2],
      (x) => flatten(globalAveragePool(x)),
      /another number of bands.*\[N, height, width, bands\]/,
      {
        bands: ['a', 'b', 'c', 'd'],
        classes: ['c0', 'c1', 'c2'],
        layout: 'NHWC',
      },
    );
  });

  it('another number of classes', () => {
    refused(image, sumAndDifference, /some\.onnx: .*classes.*\[N, 1\].*\[N, 2\]/, { classes: ['one'] });
    refused(image, globalAveragePool, /\[N, 2, 1, 1\]/);
  });

  it('a normalisation that does not fit', () => {
    const wrong = [
      { mean: [0], deviation: [1, 1] },
      { mean: [0, 0], deviation: [1] },
      { mean: [0, 0], deviation: [1, 0] },
      { mean: [0, 0], deviation: [1, -1] },
      { mean: [Number.NaN, 0], deviation: [1, 1] },
      { mean: [0, 0], deviation: [1, Number.POSITIVE_INFINITY] },
    ];
    for (const normalisation of wrong) refused(image, sumAndDifference, /normalisation/, { normalisation });
  });

  it('a feature layer that does not exist', () => {
    refused(image, sumAndDifference, /"nowhere".*feature layer/, { featureLayer: 'nowhere' });
  });

  it('inputs that are not one image of a known size', () => {
    refused(['N', 2], (x) => x, /does not take images/);
    refused(['N', 2, 'N', 3], sumAndDifference, /must be a fixed number/);
    const twice = (x: Value) => add(sumAndDifference(x), input('mask', ['N', 2]));
    refused(image, twice, /exactly one input.*2: .*mask/);
    refused(image, () => floats([1, 2], [1, 2]), /exactly one input.*0/);
  });
});

const three = { name: 'three', classes: ['a', 'b', 'c'] };

describe('targets', () => {
  it('are classes by name, and one for all images or one for each', async () => {
    deepEqual([...targetWeights(['c', 1], three).data], [0, 0, 1, 0, 1, 0]);
    throws(() => targetWeights(['d'], three), { name: 'InputError', message: /target 0.*a; b; c.*"d"/ });
    const [classifier, images] = [tiny(), normals('x', [2, 2, 2, 3])];
    const named = await saliency(classifier)(images, classifier.classes[1]);
    deepEqual(named.values, (await saliency(classifier)(images, [1, 1])).values);
    deepEqual(named.targets, [classifier.classes[1], classifier.classes[1]]);
  });

  it('are weights over the classes', () => {
    const { data, shape } = targetWeights([2, [0, 2], { weights: [0.5, 0, -1] }], three);
    deepEqual(shape, [3, 3]);
    deepEqual([...data], [0, 0, 1, 1, 0, 1, 0.5, 0, -1]);
  });

  it('of no class, or of one class twice, are refused: they would explain nothing, or it doubled', async () => {
    throws(() => targetWeights([0, []], three), { name: 'InputError', message: /target 1: an empty set/ });
    throws(() => targetWeights([[1, 1]], three), {
      name: 'InputError',
      message: /target 0.*twice.*\[1, 1\]/,
    });
    for (const target of [[], [0, 1, 0]]) {
      await rejects(saliency(tiny())(normals('x', [1, 2, 2, 3]), [target]), InputError);
    }
  });

  it('that do not exist are named', async () => {
    throws(() => targetWeights([0, 3], three), { name: 'InputError', message: /target 1.*0 to 2.*got 3/ });
    for (const target of [-1, 1.5, Number.NaN, [0, 9], { weights: [1] }]) {
      throws(() => targetWeights([target], three), InputError);
      await rejects(saliency(tiny())(normals('x', [1, 2, 2, 3]), [target]), InputError);
    }
  });
});

describe('what is declared of a network, once', () => {
  const weights = normals('linear', [2, 2 * 2 * 3]).data;
  /** A linear layer over a flattened image, whose gradient is its weights. */
  const linear = (x: Value) => gemm(flatten(x), floats(weights, [2, 12]), undefined, { transB: true });
  const build = (shape: Shape, changes: Partial<ClassifierDescription>, activation = (x: Value) => x) =>
    createClassifier(
      activation(linear(input('pixels', shape))),
      { ...plainDescription(2, 2), ...changes },
      engine,
      {
        hash: '',
      },
    );
  const patchOf = (...values: readonly number[]) => ({
    name: 'patch',
    bands: values.map((_, i) => `b${i}`),
    image: tensor(Float32Array.from(values.flatMap((value) => new Array<number>(6).fill(value))), [
      values.length,
      2,
      3,
    ]),
  });
  const gradientOf = async (classifier: Classifier) =>
    saliency(classifier, { absolute: false })(
      normals('x', [1, classifier.bands.length, ...classifier.size]),
      [1],
    );

  it('another layout: images and maps stay [bands, height, width]', async () => {
    const usual = build(['N', 2, 2, 3], {});
    const turned = build(['N', 2, 3, 2], { layout: 'NHWC' });
    deepEqual([...turned.size], [2, 3]);
    deepEqual((await gradientOf(usual)).values.data, weights.slice(12));
    const { values } = await gradientOf(turned);
    deepEqual(values.shape, [1, 2, 2, 3]);
    for (let band = 0; band < 2; band++) {
      for (let pixel = 0; pixel < 6; pixel++) {
        // The network's weights follow each other pixel by pixel, its bands beside each other.
        equal(values.data[band * 6 + pixel], weights[12 + pixel * 2 + band]);
      }
    }
  });

  it('another order and choice of bands: maps have the bands of the images, 0 for those that are not read', async () => {
    const classifier = build(['N', 2, 2, 3], {
      bands: ['b0', 'b1', 'b2'],
      networkBands: ['b2', 'b0'],
      normalisation: { mean: [30, 10], deviation: [3, 1] },
    });
    const prepared = classifier.prepare(patchOf(11, 20, 36));
    deepEqual(
      [0, 6, 12].map((i) => prepared.data[i]),
      [1, 0, 2],
    );
    const { values } = await gradientOf(classifier);
    deepEqual(values.data.slice(0, 6), weights.slice(18));
    deepEqual(values.data.slice(6, 12), new Float32Array(6));
    deepEqual(values.data.slice(12), weights.slice(12, 18));
    // A network trained on b2 and b0 in that order gives the same scores of the same pixels.
    const own = build(['N', 2, 2, 3], {});
    const [x] = [prepared.data];
    const direct = tensor(Float32Array.from([...x.slice(12), ...x.slice(0, 6)]), [1, 2, 2, 3]);
    deepEqual(await classifier.score(prepared), await own.score(direct));
  });

  it('limits of the reflectance', () => {
    const normalisation = { mean: [0, 0], deviation: [10_000, 10_000] };
    const { data } = build(['N', 2, 2, 3], { clip: [0, 10_000], normalisation }).prepare(
      patchOf(-50, 12_000),
    );
    deepEqual([data[0], data[6]], [0, 1]);
  });

  it('scores of which one is true: logits are explained, the softmax is scored', async () => {
    const x = normals('x', [1, 2, 2, 3]);
    const declared = build(['N', 2, 2, 3], { activation: 'softmax' });
    const shown = build(['N', 2, 2, 3], {}, (logits) => softmax(logits));
    const { data } = await declared.score(x);
    ok(Math.abs(data[0] + data[1] - 1) < 1e-6);
    deepEqual(await shown.score(x), { data, shape: [1, 2] });
    deepEqual((await gradientOf(shown)).values.data, weights.slice(12));
    throws(() => build(['N', 2, 2, 3], { activation: 'sigmoid' }, (logits) => softmax(logits)), {
      name: 'InputError',
      message: /another activation than declared.*sigmoid.*softmax/,
    });
  });

  it('refuses what contradicts itself', () => {
    const refused = (changes: Partial<ClassifierDescription>, message: RegExp) =>
      throws(
        () => build(['N', 2, 2, 3], changes),
        (thrown: unknown) => {
          ok(thrown instanceof InputError, String(thrown));
          ok(message.test(thrown.message), thrown.message);
          return true;
        },
      );
    refused({ networkBands: ['b0', 'b7'] }, /networkBands among b0 b1.*b7/);
    refused({ networkBands: ['b0', 'b0'] }, /one twice/);
    refused({ clip: [5, 5] }, /limits of the reflectance/);
    refused({ clip: [Number.NaN, 5] }, /limits of the reflectance/);
    refused({ size: [3, 2] }, /another size.*3 x 2/);
  });
});
