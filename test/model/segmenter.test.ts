/** Segmentation networks: a region makes a classifier of them, which every method and metric takes. */
import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { bindMethods } from '../../lib/src/attribution/explain.js';
import { relevance } from '../../lib/src/attribution/reduce.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import type { Engine } from '../../lib/src/engine/engine.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats, input, type Value } from '../../lib/src/graph/node.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { relu, sigmoid, softmax } from '../../lib/src/graph/operators/activation.js';
import { transpose } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { multiply } from '../../lib/src/graph/operators/elementwise.js';
import { maxPool } from '../../lib/src/graph/operators/pooling.js';
import { reduceSum } from '../../lib/src/graph/operators/reduction.js';
import { resize } from '../../lib/src/graph/operators/resize.js';
import { morf } from '../../lib/src/metric/faithfulness/morf.js';
import { maxSensitivity } from '../../lib/src/metric/robustness/maxSensitivity.js';
import type { ClassifierDescription } from '../../lib/src/model/classifier.js';
import { openClassifier, openSegmenter } from '../../lib/src/model/classifierFile.js';
import { createSegmenter, type Segmenter, whereHighest } from '../../lib/src/model/segmenter.js';
import { rows, tensor } from '../../lib/src/tensor.js';
import { classifierOf, normals, plainDescription, randomWeights } from '../classifiers.js';
import { continuous, difference } from '../rounding.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const [side, area] = [16, 256];
const pads = { pads: [1, 1, 1, 1] };

/** Down to a half, up again, and a layer that makes the maps of 3 classes. */
function unet(image: Value): Value {
  const down = relu(conv(image, randomWeights('down', [6, 4, 3, 3]), pads));
  const deep = relu(conv(maxPool(down, { kernel: [2, 2] }), randomWeights('deep', [8, 6, 3, 3]), pads));
  const up = resize(deep, { sizes: [side, side] }, { mode: 'nearest' });
  const joined = relu(conv(up, randomWeights('up', [6, 8, 3, 3]), pads), 'decoder');
  return conv(joined, randomWeights('head', [3, 6, 1, 1]));
}

function segmenterOf(
  build: (image: Value) => Value = unet,
  changes: Partial<ClassifierDescription> = {},
  by: Engine = engine,
): Segmenter {
  const output = build(input('image', ['N', 4, side, side]));
  return createSegmenter(output, { ...plainDescription(4, 3), ...changes }, by, { hash: '0'.repeat(16) });
}

const image = normals('segmented', [1, 4, side, side]);
/** A square in a corner. */
const mask = Uint8Array.from({ length: area }, (_, i) => (i % side < 5 && i < 5 * side ? 1 : 0));

describe('a segmenter', () => {
  it('scores every pixel, and a region by the mean of its pixels', async () => {
    const segmenter = segmenterOf((x) => softmax(unet(x), 1));
    equal(segmenter.over('image').activation, 'softmax');
    const scores = await segmenter.segment(image);
    deepEqual(scores.shape, [1, 3, side, side]);
    const highest = [0, 1, 2].map((target) => whereHighest(scores, target));
    for (let pixel = 0; pixel < area; pixel++) {
      const all = [0, 1, 2].map((target) => scores.data[target * area + pixel]);
      ok(Math.abs(all[0] + all[1] + all[2] - 1) < 1e-5);
      const best = all.indexOf(Math.max(...all));
      deepEqual(
        highest.map((of) => of[pixel]),
        [0, 1, 2].map((target) => (target === best ? 1 : 0)),
      );
    }
    const inside = [...mask.keys()].filter((pixel) => mask[pixel] === 1);
    const { data } = await segmenter.over({ mask }).score(image);
    for (const target of [0, 1, 2]) {
      const mean = inside.reduce((sum, pixel) => sum + scores.data[target * area + pixel], 0) / inside.length;
      ok(Math.abs(data[target] - mean) < 1e-5);
    }
    const pixel = await segmenter.over({ row: 3, column: 9 }).score(image);
    ok(Math.abs(pixel.data[2] - scores.data[2 * area + 3 * side + 9]) < 1e-6);
  });

  it('is explained where the region is: the gradient of 1 x 1 convolutions is their weight there, 0 elsewhere', async () => {
    const weights = [1, -2, 3, 0.5, 0, 1, 0, 0, 2, 2, 2, 2];
    const segmenter = segmenterOf((x) => conv(x, floats(weights, [3, 4, 1, 1], 'w')));
    const { values } = await saliency(segmenter.over({ mask }), { absolute: false })(image, 'c0');
    for (let i = 0; i < 4 * area; i++) {
      equal(values.data[i], mask[i % area] === 1 ? weights[Math.floor(i / area)] : 0);
    }
    const [row, column] = [7, 2];
    const one = await saliency(segmenter.over({ row, column }))(image, 'c1');
    deepEqual(
      [...one.values.data.keys()].filter((i) => one.values.data[i] !== 0),
      [area + row * side + column],
    );
  });

  it('is explained by every method as the classifier that has the region built in', async () => {
    const segmenter = segmenterOf();
    const region = floats([...mask], [1, 1, side, side], 'mask');
    const builtIn = classifierOf(
      engine,
      [4, side, side],
      (x) => reduceSum(multiply(unet(x), region), [2, 3]),
      {
        featureLayer: 'decoder',
      },
    );
    equal(segmenter.featureLayer, 'decoder');
    const [mine, theirs] = [segmenter.over({ mask }), builtIn].map((classifier) =>
      bindMethods(classifier, undefined, { preset: 'quick', seed: 3 }),
    );
    for (const [i, { id, explain, passes }] of mine.entries()) {
      const [a, b] = [await explain(image, 1), await theirs[i].explain(image, 1)];
      ok(passes !== undefined && passes > 0);
      ok(difference(a.values.data, b.values.data).largest <= continuous, id);
      ok(
        a.values.data.some((value) => value !== 0),
        id,
      );
    }
  });

  it('is measured as any classifier is', async () => {
    const classifier = segmenterOf().over({ mask });
    const explain = saliency(classifier);
    const map = relevance(await explain(image, 1));
    const { scores } = await morf(classifier, image, map, 1);
    ok(scores.length > 5 && Math.abs(scores[0] - (await classifier.score(image)).data[1]) < 1e-6);
    const [sensitivity] = await maxSensitivity(explain, image, 1, { draws: 2, seed: 0 });
    ok(sensitivity > 0 && sensitivity < 10);
  });

  it('compiles a method once for all regions, which do not mix', async () => {
    let compiled = 0;
    const counting: Engine = {
      ...engine,
      compile: (...given) => {
        compiled++;
        return engine.compile(...given);
      },
    };
    const segmenter = segmenterOf(unet, {}, counting);
    const [corner, whole] = [segmenter.over({ mask }), segmenter.over('image')];
    const explained = await Promise.all([corner, whole, corner].map((of) => saliency(of)(image, 0)));
    equal(compiled, 1);
    deepEqual(explained[0].values, explained[2].values);
    ok(difference(explained[0].values.data, explained[1].values.data).largest > 0.1);
    const two = tensor(Float32Array.of(...image.data, ...normals('other', [1, 4, side, side]).data), [
      2,
      4,
      side,
      side,
    ]);
    const both = await saliency(corner)(two, [0, 1]);
    ok(difference(rows(both.values, 0).data, explained[0].values.data).largest <= continuous);
    await segmenter.dispose();
  });

  it('has maps of channels last where that is the layout', async () => {
    const turned = createSegmenter(
      transpose(unet(transpose(input('image', ['N', side, side, 4]), [0, 3, 1, 2])), [0, 2, 3, 1]),
      { ...plainDescription(4, 3), layout: 'NHWC' },
      engine,
      { hash: '0'.repeat(16) },
    );
    const [a, b] = [await turned.segment(image), await segmenterOf().segment(image)];
    ok(difference(a.data, b.data).largest <= continuous);
  });

  it('refuses regions without pixels or of another size, and says which opener fits', async () => {
    const segmenter = segmenterOf();
    const refused = (message: RegExp) => ({ name: 'InputError', message });
    throws(() => segmenter.over({ mask: new Uint8Array(area) }), refused(/a mask without pixels/));
    throws(() => segmenter.over({ mask: new Uint8Array(9) }), refused(/16 x 16 pixels, got 9 values/));
    for (const [row, column] of [
      [-1, 0],
      [0, side],
      [0.5, 0],
    ]) {
      throws(() => segmenter.over({ row, column }), refused(/no such pixel.*rows 0 to 15/));
    }
    throws(() => whereHighest(normals('two', [2, 3, 4, 4]), 0), refused(/one image/));
    throws(() => whereHighest(normals('one', [1, 3, 4, 4]), 3), refused(/index from 0 to 2/));
    throws(
      () => segmenterOf(unet, { classes: ['a', 'b'] }),
      refused(/no maps of these classes.*Give the class names/),
    );
    const folder = await mkdtemp(join(tmpdir(), 'landlens-segmenter-'));
    try {
      const path = join(folder, 'clouds.onnx');
      const output = sigmoid(unet(input('image', ['N', 4, side, side])));
      await writeFile(path, writeOnnx(createGraph({ output })));
      const { name, ...description } = plainDescription(4, 3);
      await rejects(openClassifier(path, { ...description, engine }), refused(/openSegmenter/));
      const opened = await openSegmenter(path, { ...description, engine });
      deepEqual(opened.grid, [side, side]);
      const flat = join(folder, 'flat.onnx');
      const logits = reduceSum(unet(input('image', ['N', 4, side, side])), [2, 3]);
      await writeFile(flat, writeOnnx(createGraph({ logits })));
      await rejects(openSegmenter(flat, { ...description, engine }), refused(/openClassifier/));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
