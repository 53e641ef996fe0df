import assert from 'node:assert/strict';
import { isAbsolute, join, relative } from 'node:path';
import { describe, it } from 'mocha';
import { readArguments } from '../../lib/src/command/option.js';
import { type StudyOptions, studyCommand, studyOptionsOf } from '../../lib/src/command/studyOptions.js';
import { projectFolder } from '../../lib/src/io/projectFolder.js';
import { reproducedNotebooks } from '../../tools/reproducedNotebooks.js';

function optionsOf(...argv: readonly string[]): StudyOptions {
  const read = readArguments(studyCommand, argv);
  assert.ok(read !== undefined);
  return studyOptionsOf(read.values);
}

describe('reproducedNotebooks', () => {
  it('leaves the notebooks that git tracks as they are, also by default', () => {
    const run = reproducedNotebooks(optionsOf());
    assert.ok(typeof run !== 'string');
    assert.deepEqual(run, {
      parameters: {},
      out: join(projectFolder, 'results/reproduce-scenes-quick/notebooks'),
    });
    for (const argv of [[], ['--images', '2'], ['--seed', '3'], ['--preset', 'paper']]) {
      const other = reproducedNotebooks(optionsOf(...argv));
      assert.ok(typeof other !== 'string');
      const path = relative(join(projectFolder, 'results'), other.out);
      assert.ok(!path.startsWith('..') && !isAbsolute(path), other.out);
    }
  });

  it('shows what was studied', () => {
    const run = reproducedNotebooks(optionsOf('--images', '2', '--seed', '3', '--out', 'results/here'));
    assert.ok(typeof run !== 'string');
    const { STUDY, STUDY_IMAGES, SEED, PRESET, DATASET } = run.parameters;
    assert.deepEqual([STUDY, STUDY_IMAGES, SEED], [join(projectFolder, 'results/here'), 2, 3]);
    assert.deepEqual([PRESET, DATASET], ['quick', 'scenes']);
  });

  it('says why the notebooks are not executed', () => {
    const told = [
      ['--methods', 'lime'],
      ['--engine', 'webgpu'],
      ['--class', 'Pastures'],
    ].map((argv) => reproducedNotebooks(optionsOf(...argv)));
    for (const sentence of told) assert.match(String(sentence), /they are not executed\.$/);
  });
});
