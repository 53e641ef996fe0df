/** The check of a GPU: its table, its options, and the whole of it, packed and run on a GPU in software. */
import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parseCheckOptions } from '../../bench/gpu/options.js';
import { ratioText, summary, type TimedRow } from '../../bench/gpu/summary.js';
import { repositoryRoot } from '../../tools/repositoryRoot.js';
import { findSwiftShader } from '../engine/swiftShader.js';

const row = (id: string, group: TimedRow['group'], ours: number[], other: number[]): TimedRow => ({
  ...{ id, label: id, group, ours, other },
});

describe('check of a GPU', () => {
  it('compares round by round', () => {
    equal(ratioText([2, 4, 9], [1, 2, 3]), '2.00 [2.00, 3.00] of 3');
  });

  it('sums Table 3 from what was measured, and says what stands for the rest', () => {
    const methods = ['saliency', 'lime', 'occlusion'].map((id) => ({ id }));
    const rows = [
      row('saliency', 'method', [1, 1], [2, 2]),
      row('sensitivity-saliency', 'sensitivity', [10, 10], [30, 30]),
      row('lime', 'method', [2, 2], [4, 4]),
      row('morf', 'curve', [1, 1], [2, 2]),
    ];
    const text = summary(rows, methods, 'Captum');
    // 10 + 11 x 2 + 3 x 1 against 30 + 11 x 4 + 3 x 2.
    match(text, /Whole Table 3, one image\*\* \| 35\.0 s .* \| 80\.0 s .* \| 2\.29 /);
    match(text, /eleven explanations stand for Max-Sensitivity: lime; WITHOUT occlusion/);
    match(text, /Geometric mean of the methods: 2\.00/);
  });

  it('reads its options', () => {
    const options = parseCheckOptions(['out', '--network', 'small', '--only', 'steps', '--trial']);
    deepEqual(
      [options?.network, options?.only, options?.seconds, options?.batches],
      ['small', ['steps'], 270, [1, 2]],
    );
    equal(parseCheckOptions(['--help']), undefined);
    for (const argv of [
      [],
      ['a', 'b'],
      ['a', '--network', 'vgg'],
      ['a', '--size', '7'],
      ['a', '--only', 'x'],
    ]) {
      throws(() => parseCheckOptions(argv), /See run\.sh --help/);
    }
  });

  const found = findSwiftShader();
  const where = 'packed, on SwiftShader';
  if ('missing' in found) it(`${where}: needs ${found.missing}`);
  else {
    describe(where, () => {
      let folder: string;
      before(() => {
        folder = mkdtempSync(join(tmpdir(), 'landlens-gpu-test-'));
      });
      after(() => rmSync(folder, { recursive: true }));

      it('computes what the processor computes', function () {
        this.timeout(300_000);
        const loader = join(repositoryRoot, 'test/typescript.mjs');
        const pack = join(repositoryRoot, 'bench/gpu/pack.ts');
        execFileSync(process.execPath, ['--import', loader, pack, folder, '--trial'], { stdio: 'pipe' });
        const out = join(folder, 'out');
        const options = [
          '--network',
          'small',
          '--size',
          '32',
          '--trial',
          '--only',
          'steps',
          '--threads',
          '1',
        ];
        const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', VK_DRIVER_FILES: found.driver, HOME: folder };
        execFileSync('sh', [join(folder, 'run.sh'), out, ...options, '--seconds', '240'], {
          ...{ env, cwd: folder, stdio: 'pipe' },
        });
        const records = readFileSync(join(out, 'results.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line): Record<string, unknown> => JSON.parse(line));
        const of = (kind: string) => records.filter((record) => record.kind === kind);
        ok(!String(of('facts')[0].node).includes(process.execPath), 'Node is the packed one');
        match(String(of('engines')[0].text), /webgpu +usable: onnxruntime \S+ webgpu/);
        for (const { id, cpu } of of('agreement') as { id: string; cpu: { norm: number } }[]) {
          ok(cpu.norm < 1e-3, `${id}: ${cpu.norm}`);
        }
        deepEqual(
          of('agreement').map(({ id }) => id),
          ['forward-1', 'forward-16', 'gradient-1', 'gradient-16'],
        );
        deepEqual(
          of('step').map(({ id }) => id),
          ['forward-1', 'forward-2', 'gradient-1', 'gradient-2'],
        );
      });
    });
  }
});
