import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { defaultModel, parseOptions, repositoryRoot, usage } from '../../lib/src/study/options.js';

const known = ['saliency', 'grad-cam', 'lime'];

describe('parseOptions', () => {
  it('runs the quick study on scenes by default', () => {
    assert.deepEqual(parseOptions([], known), {
      dataset: { kind: 'scenes' },
      model: defaultModel,
      images: 8,
      methods: known,
      preset: 'quick',
      seed: 0,
      out: join(repositoryRoot, 'results', 'reproduce-scenes-quick'),
      notebooks: true,
    });
    assert.equal(repositoryRoot, resolve('.'));
  });

  it('reads every option', () => {
    const options = parseOptions(
      [
        ...['--dataset', 'bigearthnet:some folder', '--model=m.onnx', '--images', '12'],
        ...[
          '--methods',
          'lime, saliency',
          '--preset',
          'paper',
          '--seed',
          '4294967295',
          '--out',
          'here',
          '--no-notebooks',
        ],
      ],
      known,
    );
    assert.deepEqual(options, {
      dataset: { kind: 'bigearthnet', folder: resolve('some folder') },
      model: resolve('m.onnx'),
      images: 12,
      methods: ['saliency', 'lime'],
      preset: 'paper',
      seed: 2 ** 32 - 1,
      out: resolve('here'),
      notebooks: false,
    });
    const named = parseOptions(['--dataset=bigearthnet:x', '--preset=paper'], known);
    assert.equal(named?.out, join(repositoryRoot, 'results', 'reproduce-bigearthnet-paper'));
  });

  it('answers --help with every option and method', () => {
    assert.equal(parseOptions(['--images', '3', '--help'], known), undefined);
    for (const word of [
      ...known,
      '--dataset',
      '--model',
      '--images',
      '--methods',
      '--preset',
      '--seed',
      '--out',
    ])
      assert.ok(usage(known).includes(word), word);
  });

  it('says what is valid wherever something is not', () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['--image', '8'], /--image'.*--images/],
      [['8'], /expected --dataset/],
      [['--images'], /--images/],
      [['--images', '0'], /--images.*from 1 to.*got "0"/],
      [['--images', '-3'], /--images/],
      [['--images', '8.5'], /--images/],
      [['--images', '1e3'], /--images/],
      [['--images', 'NaN'], /--images/],
      [['--images', ' '], /--images/],
      [['--images', '1', '--images', '2'], /--images.*once/],
      [['--seed', '4294967296'], /--seed/],
      [['--preset', 'fast'], /--preset.*quick or paper.*"?fast/],
      [['--dataset', 'bigearthnet'], /--dataset.*bigearthnet:<folder>/],
      [['--dataset', 'bigearthnet:'], /--dataset/],
      [['--dataset', 'sen12ms:x'], /--dataset/],
      [['--methods', 'lime,gradcam'], /--methods.*saliency, grad-cam, lime.*"gradcam"/],
      [['--methods', ''], /--methods/],
      [['--methods', 'lime,'], /--methods/],
      [['--out', ''], /--out/],
      [['--help=3'], /--help/],
    ];
    for (const [argv, message] of wrong) {
      assert.throws(
        () => parseOptions(argv, known),
        (thrown) => {
          assert.ok(thrown instanceof InputError, argv.join(' '));
          assert.match(thrown.message, message);
          assert.doesNotMatch(thrown.message, /\n/);
          return true;
        },
      );
    }
  });
});
