/** What `npm run bench` is asked, and how much of each row it measures. */
import assert from 'node:assert/strict';
import { methods } from 'landlens/attribution/methods';
import { chooseAmount, explanationAmounts, methodWork, sensitivityAmounts } from '../../bench/amounts.js';
import { hasWholePreset, parseBenchOptions } from '../../bench/options.js';

describe('bench', () => {
  it('measures no column on more of a row than another', () => {
    const amounts = explanationAmounts(methodWork('lime', 120), 120);
    const choose = (seconds: number) =>
      chooseAmount(
        [
          { amounts, seconds: 0.01 },
          { amounts, seconds },
        ],
        4,
      );
    assert.deepEqual(choose(0.01), { high: amounts.length - 1 });
    // 1,024 samples in 4 s at 128 in 0.5 s.
    assert.deepEqual([amounts[3].units, choose(0.5)], [1024, { high: 3, low: 0 }]);
  });

  it('extrapolates from an amount and four times as much, however dear', () => {
    const amounts = explanationAmounts(methodWork('lime', 120), 120);
    assert.deepEqual(chooseAmount([{ amounts, seconds: 1000 }], 1), { high: 2, low: 0 });
    assert.deepEqual([amounts[0].units, amounts[2].units], [128, 512]);
    const [only] = explanationAmounts(methodWork('saliency', 120), 120);
    assert.deepEqual(chooseAmount([{ amounts: [only], seconds: 1000 }], 1), { high: 0 });
  });

  it('needs no line where only draws are left out', () => {
    // All 30 copies of two images take 1 s, so those of eleven 5.5 s.
    const amounts = sensitivityAmounts(methodWork('saliency-sg', 120), 120, 'ours');
    assert.deepEqual(chooseAmount([{ amounts, seconds: 1 }], 5), { high: 0 });
    assert.deepEqual([amounts[0].units, amounts[0].draws, amounts[0].times], [30, 1, 5.5]);
    assert.deepEqual(chooseAmount([{ amounts, seconds: 1 }], 6), { high: 1 });
  });

  it('extrapolates by whole passes, as those that are not full take as long', () => {
    const largestBatch = 32;
    for (const { id } of methods) {
      for (const size of [120, 256]) {
        const work = methodWork(id, size);
        const [first, second, ...more] = explanationAmounts(work, size);
        if (more.length === 0 || work.family === 'smooth-path') continue;
        // Occlusion's first pass is the image itself.
        const images = second.units - first.units;
        assert.equal(images % (largestBatch / 2), 0, `${id} at ${size}: ${images}`);
      }
    }
  });

  it('reads its options', () => {
    const ids = parseBenchOptions(['--only', 'morf, methods'])?.only;
    assert.deepEqual(ids, [...methods.map(({ id }) => id), 'morf']);
    const quick = parseBenchOptions(['--quick']);
    assert.ok(quick && hasWholePreset(quick));
    assert.deepEqual([quick.networks, quick.sides], [['densenet121'], [120]]);
    const refused = (argv: readonly string[], message: RegExp) =>
      assert.throws(() => parseBenchOptions(argv), message);
    refused(['--only', 'salliency'], /^InputError: --only: .*got "salliency"/);
    refused(['--side', '20'], /^InputError: --side: .*from 48 to 512/);
    refused(['--quick', '--full'], /^InputError: --quick, --full: .*Choose one/);
    refused(['--rounds', '0'], /^InputError: --rounds: .*from 1 to 999/);
  });

  it('measures five rounds at least, but for the dearest rows of a quick run', () => {
    const effortOf = (...argv: readonly string[]) => parseBenchOptions(argv)?.effort;
    for (const effort of [effortOf(), effortOf('--quick'), effortOf('--full')]) {
      assert.equal(effort?.rounds[0], 5);
    }
    assert.deepEqual([effortOf()?.rowLimit, effortOf('--full')?.rowLimit], [undefined, undefined]);
    assert.deepEqual(parseBenchOptions(['--rounds', '20'])?.effort.rounds, [20, 20]);
  });

  it('takes no run for whole that decides nothing or leaves something out', () => {
    const isWhole = (argv: readonly string[]) => {
      const options = parseBenchOptions(argv);
      return options && hasWholePreset(options);
    };
    assert.equal(isWhole(['--side', '120,256']), true, 'more than asked');
    assert.equal(isWhole(['--rounds', '7']), true);
    assert.equal(isWhole(['--rounds', '4']), false);
    assert.equal(isWhole(['--network', 'resnet50']), false);
    assert.equal(isWhole(['--only', 'methods']), false);
  });
});
