/** A network that others trained on real Sentinel-2, on real patches: it opens, sees what is there, and every method explains it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { bindMethods } from '../../lib/src/attribution/explain.js';
import { relevance } from '../../lib/src/attribution/reduce.js';
import { openLargeImage } from '../../lib/src/dataset/raster/largeImage.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { rows, stack, type Tensor } from '../../lib/src/tensor.js';
import { sharedFolder } from '../shared.js';

const level1C = 'B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B10 B11 B12'.split(' ');
const side = 32;

describe('a network that others trained', () => {
  let classifier: Classifier | undefined;
  let windows: Tensor | undefined;
  const opened = () => ({ network: classifier ?? assert.fail(), images: windows ?? assert.fail() });

  before(async function () {
    const shared = sharedFolder() ?? '';
    const network = join(shared, '../networks/so2sat-resnet20/so2sat-resnet20-s2.onnx');
    const image = join(shared, 'SEN12MS-CR/ROIs1158_spring_s2_15_p30.tif');
    if (!existsSync(network) || !existsSync(image)) {
      console.log(`      skipped: ${network} or ${image} is not there`);
      return this.skip();
    }
    classifier = await openClassifier(network);
    const wooded = await openLargeImage(image, { bands: level1C, select: classifier.bands });
    const inputs: Tensor[] = [];
    for (let row = 0; row < wooded.height; row += 2 * side) {
      for (let column = 0; column < wooded.width; column += 2 * side) {
        const patch = await wooded.read({ row, column, width: side, height: side });
        inputs.push(classifier.prepare(patch));
      }
    }
    await wooded.close();
    windows = stack(inputs);
  });
  after(() => classifier?.dispose());

  it('sees dense trees in wooded hills', async () => {
    const { network, images } = opened();
    const { data } = await network.score(images);
    const { length } = network.classes;
    const [count] = images.shape;
    const zones = Array.from({ length: count }, (_, i) => {
      const scores = data.slice(i * length, (i + 1) * length);
      return network.classes[scores.indexOf(Math.max(...scores))];
    });
    const trees = zones.filter((zone) => zone === 'Dense trees').length;
    assert.equal(count, 16);
    assert.ok(trees >= 14, zones.join(', '));
  });

  it('is explained by every method', async function () {
    this.timeout(120_000);
    const { network, images } = opened();
    for (const { id, explain, reduction } of bindMethods(network, undefined, { preset: 'quick' })) {
      const attribution = await explain(rows(images, 0), 'Dense trees');
      const { data, shape } = relevance(attribution, reduction);
      assert.deepEqual(shape.slice(-2), [side, side], id);
      assert.ok(data.every(Number.isFinite), id);
      // Grad-CAM may find nothing in favour of a class.
      assert.ok(id === 'grad-cam' || id === 'guided-grad-cam' || new Set(data).size > 1, id);
      if (id === 'deeplift') {
        const [gap] = attribution.completenessGap ?? assert.fail();
        // Rounding, in the sum of 10,240 contributions that cancel.
        assert.ok(Math.abs(gap) < 1e-3, `${gap}`);
      }
    }
  });
});
