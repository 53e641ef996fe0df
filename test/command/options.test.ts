import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { methods } from '../../lib/src/attribution/methods.js';
import { helpOf, readArguments } from '../../lib/src/command/option.js';
import { type StudyOptions, studyCommand, studyOptionsOf } from '../../lib/src/command/studyOptions.js';
import { datasetText, folderKinds, parseDataset } from '../../lib/src/dataset/openDataset.js';
import { InputError } from '../../lib/src/error.js';
import { projectFolder } from '../../lib/src/io/projectFolder.js';
import { defaultModel } from '../../lib/src/model/defaultModel.js';
import { studyFolder } from '../../lib/src/notebook/openStudy.js';
import { presetNames } from '../../lib/src/study/presets.js';

const ids = methods.map(({ id }) => id);

function parseOptions(argv: readonly string[]): StudyOptions | undefined {
  const read = readArguments(studyCommand, argv);
  return read && studyOptionsOf(read.values);
}

describe('the options of reproduce', () => {
  it('writes where the notebooks look, whatever the kind of data set', () => {
    for (const dataset of ['scenes', ...folderKinds.map((kind) => `${kind}:some folder`)]) {
      for (const preset of presetNames) {
        const options = parseOptions(['--dataset', dataset, '--preset', preset]);
        assert.equal(studyFolder(parseDataset(dataset), { preset }), options?.out);
      }
    }
    assert.equal(studyFolder({ kind: 'packed' }, { folder: 'here' }), join(projectFolder, 'here'));
  });

  it('runs the quick study on scenes by default', () => {
    assert.deepEqual(parseOptions([]), {
      dataset: { kind: 'scenes' },
      selection: { split: 'test' },
      model: defaultModel,
      images: 8,
      methods: ids,
      preset: 'quick',
      engine: 'cpu',
      seed: 0,
      out: join(projectFolder, 'results', 'reproduce-scenes-quick'),
    });
    assert.equal(projectFolder, resolve('.'));
  });

  it('reads every option', () => {
    const options = parseOptions([
      ...['--dataset', 'bigearthnet:some folder', '--model=m.onnx', '--images', '12'],
      ...['--split', 'validation', '--class', 'Sea and ocean', '--outcome', 'false-positive'],
      ...[
        '--methods',
        'lime, saliency',
        '--preset',
        'paper',
        '--engine',
        'tensorflow',
        '--seed',
        '4294967295',
        '--out',
        'here',
      ],
    ]);
    assert.deepEqual(options, {
      dataset: { kind: 'bigearthnet', folder: resolve('some folder') },
      selection: { split: 'validation', className: 'Sea and ocean', outcome: 'false-positive' },
      model: resolve('m.onnx'),
      images: 12,
      methods: ['saliency', 'lime'],
      preset: 'paper',
      engine: 'tensorflow',
      seed: 2 ** 32 - 1,
      out: resolve('here'),
    });
    const named = parseOptions(['--dataset=bigearthnet:x', '--preset=paper']);
    assert.equal(named?.out, join(projectFolder, 'results', 'reproduce-bigearthnet-paper'));
  });

  it('answers --help with every option and method', () => {
    for (const word of [
      ...ids,
      '--dataset',
      '--split',
      '--class',
      '--outcome',
      '--model',
      '--images',
      '--methods',
      '--preset',
      '--seed',
      '--out',
    ])
      assert.ok(helpOf(studyCommand).includes(word), word);
  });

  it('names data sets by kind and folder, as they are written', () => {
    for (const kind of ['bigearthnet', 'sen12ms', 'eurosat', 'mosaics', 'folder', 'packed']) {
      const choice = parseDataset(`${kind}:some: folder`, '/base');
      assert.deepEqual(choice, { kind, folder: '/base/some: folder' });
      assert.equal(datasetText(choice), `${kind}:/base/some: folder`);
    }
    assert.equal(datasetText(parseDataset('scenes')), 'scenes');
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
      [['--preset', 'fast'], /--preset.*quick or efficient or paper.*"?fast/],
      [['--dataset', 'bigearthnet'], /--dataset.*bigearthnet:<folder>/],
      [['--dataset', 'bigearthnet:'], /--dataset/],
      [['--dataset', 'landsat:x'], /--dataset.*sen12ms:<folder>, eurosat:<folder>/],
      [['--split', 'val'], /--split.*train or validation or test/],
      [['--outcome', 'wrong'], /--outcome.*true-positive or false-positive.*"wrong"/],
      [['--methods', 'lime,gradcam'], /--methods.*saliency, saliency-sg.*"gradcam"/],
      [['--methods', ''], /--methods/],
      [['--methods', 'lime,'], /--methods/],
      [['--out', ''], /--out/],
      [['--help=3'], /--help/],
    ];
    for (const [argv, message] of wrong) {
      assert.throws(
        () => parseOptions(argv),
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
