/** The examples in the docstrings of methods and metrics: compiled as a notebook would, and run. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, it } from 'mocha';
import ts from 'typescript';
import { methods } from '../../lib/src/attribution/methods.js';
import { scenes } from '../../lib/src/dataset/scenes.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { globalAveragePool } from '../../lib/src/graph/operators/reduction.js';
import { randomRelevance } from '../../lib/src/metric/faithfulness/ranking.js';
import { classifierOf, randomWeights } from '../classifiers.js';
import { repository } from './extending.js';

const side = 120;
const modules = [
  'attribution/index',
  'metric/index',
  'graph/index',
  'dataset/index',
  'figure/index',
  'tensor',
];

/** What an example may use without a word: the variables of a notebook that has opened data and a classifier. */
const given = `{ classifier, data, patch, image, map }: {
  classifier: import('landlens/model/classifier').Classifier; data: import('landlens/dataset/patch').Dataset;
  patch: import('landlens/dataset/patch').Patch; image: import('landlens/tensor').Tensor; map: import('landlens/tensor').Tensor;
}`;

interface Example {
  readonly of: string;
  readonly lines: readonly string[];
}

/** The examples in a file, with the name of what they belong to. */
function examplesOf(source: string): Example[] {
  const docstrings = source.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?(?:function|const) (\w+)/g,
  );
  return [...docstrings].flatMap(([, text, of]) => {
    const [, example] = text.split('@example');
    if (example === undefined) return [];
    const lines = example.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
    return [{ of, lines: lines.filter((line) => line.trim() !== '') }];
  });
}

describe('examples of methods and metrics', () => {
  let folder = '';
  const examples: Example[] = [];
  let path = '';

  before(async () => {
    for (const part of ['attribution', 'metric']) {
      const files = await readdir(join(repository, 'lib/src', part), { recursive: true });
      for (const file of files.filter((name) => name.endsWith('.ts'))) {
        examples.push(...examplesOf(await readFile(join(repository, 'lib/src', part, file), 'utf8')));
      }
    }
    const exported = new Map<string, string>();
    for (const module of modules) {
      const names = Object.keys(await import(pathToFileURL(join(repository, `lib/src/${module}.ts`)).href));
      for (const name of [...names, ...(module === 'metric/index' ? ['ScoreImages'] : [])]) {
        if (!exported.has(name)) exported.set(name, module);
      }
    }
    const code = examples.map(({ lines }) => lines.join('\n')).join('\n');
    const imports = [...exported].filter(
      ([name]) => new RegExp(`\\b${name}\\b`).test(code) && name !== 'image',
    );
    folder = await mkdtemp(join(tmpdir(), 'landlens-examples-'));
    await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    path = join(folder, 'examples.ts');
    await writeFile(
      path,
      [
        ...imports.map(([name, module]) => `import { ${name} } from 'landlens/${module}';`),
        'const show = async (_: object) => {};',
        ...examples.map(
          ({ of, lines }) => `export const ${of}_example = async (${given}) => {{\n${lines.join('\n')}\n}};`,
        ),
      ].join('\n'),
    );
  });

  after(() => rm(folder, { recursive: true }));

  it('are there for each method and metric, in at most six lines', () => {
    const named = new Set(examples.map(({ of }) => of));
    const own = [
      'saliency',
      'inputXGradient',
      'integratedGradients',
      'guidedBackpropagation',
      'deconvolution',
    ];
    own.push(
      'gradCam',
      'guidedGradCam',
      'deepLift',
      'occlusion',
      'lime',
      'smoothGrad',
      'relevance',
      'explain',
    );
    own.push('maxSensitivity', 'morf', 'fileSize', 'computationTime', 'localisation', 'mapSimilarity');
    own.push('maskContrast', 'classificationMetrics', 'graphMethod', 'createExplain');
    deepEqual(
      own.filter((name) => !named.has(name)),
      [],
    );
    for (const { of, lines } of examples) ok(lines.length <= 6, of);
    ok(methods.length > 0);
  });

  it('compile', async () => {
    const { compilerOptions } = JSON.parse(await readFile(join(repository, 'tsconfig.json'), 'utf8'));
    const { options } = ts.convertCompilerOptionsFromJson(
      { ...compilerOptions, noEmit: true, noUnusedLocals: false, noUnusedParameters: false },
      folder,
    );
    const found = ts.getPreEmitDiagnostics(ts.createProgram([path], options));
    equal(ts.formatDiagnostics(found, ts.createCompilerHost(options)), '');
  });

  it('run', async () => {
    const engine = await createEngine();
    const data = scenes({ size: side });
    const patch = await data.read('test', 0);
    const classifier = classifierOf(
      engine,
      [12, side, side],
      (image) => {
        const features = conv(image, randomWeights('features', [8, 12, 3, 3]), {
          pads: [1, 1, 1, 1],
          name: 'features',
        });
        return gemm(
          flatten(globalAveragePool(relu(features))),
          randomWeights('head', [data.classes.length, 8]),
          undefined,
          {
            transB: true,
          },
        );
      },
      { bands: data.bands.slice(0, 12), classes: data.classes, featureLayer: 'features' },
    );
    const image = classifier.prepare(patch);
    const map = randomRelevance(side, side);
    const module: Readonly<Record<string, (given: object) => Promise<void>>> = await import(
      pathToFileURL(path).href
    );
    for (const { of } of examples) await module[`${of}_example`]({ classifier, data, patch, image, map });
    await engine.dispose();
  });
});
