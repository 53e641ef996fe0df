/** Values as a notebook prints them: a line each, inside plain objects and arrays too. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from 'mocha';
import { scenes } from '../../lib/src/dataset/scenes.js';
import { input } from '../../lib/src/graph/node.js';
import { shortForm } from '../../lib/src/notebook/shortForm.js';
import { tensor, zeros } from '../../lib/src/tensor.js';

const printed = (value: unknown): string => inspect(shortForm(value));

describe('a value at the end of a cell', () => {
  it('is a line for a tensor, with its range', () => {
    assert.equal(
      printed(tensor(Float32Array.of(-0.25, 0, 1.5, 0.75), [1, 2, 2])),
      'Tensor [1, 2, 2], -0.25 to 1.5, mean 0.5',
    );
    assert.equal(
      printed(tensor(Float32Array.of(1, Number.NaN), [2])),
      'Tensor [2], 1 to 1, mean 1, 1 not finite',
    );
    assert.equal(printed(zeros([0, 3])), 'Tensor [0, 3]');
  });

  it('is a line for a data set, a patch and a value of a graph', async () => {
    const data = scenes({ size: 48 });
    assert.match(
      printed(data),
      /^Dataset scenes, rendered: \d+ train, \d+ validation, \d+ test images, 48 x 48 pixels, 12 bands, 14 classes$/,
    );
    const patch = await data.read('test', 0);
    assert.match(printed(patch), /^Patch scenes-0-test-0: 12 bands, 48 x 48 pixels, labels [\d, ]+$/);
    assert.match(printed({ ...patch, name: 'two\nlines' }), /^Patch two lines: /);
    assert.equal(printed(input('image', ['N', 3])), 'Value Input "image" [N, 3]');
  });

  it('is a line inside plain objects and arrays, and leaves other values alone', () => {
    assert.equal(printed([{ map: zeros([2]), n: 1 }]), '[ { map: Tensor [2], 0 to 0, mean 0, n: 1 } ]');
    for (const value of [1, 'text', null, undefined, new Date(0), new Map([[1, 2]]), { a: [1, { b: 2 }] }]) {
      assert.equal(printed(value), inspect(value));
    }
  });
});
