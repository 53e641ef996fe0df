import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, describe, it } from 'mocha';
import { gradCamMap } from '../../../lib/src/attribution/gradCam.js';
import { logitGradients } from '../../../lib/src/attribution/gradient.js';
import { InputError } from '../../../lib/src/error.js';
import { differentiate } from '../../../lib/src/graph/differentiate.js';
import { createGraph, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { input, type Value } from '../../../lib/src/graph/node.js';
import { passedOperators } from '../../../lib/src/graph/onnx/opaque.js';
import { decodedOperators } from '../../../lib/src/graph/onnx/operators.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { decodeModel, type GraphMessage } from '../../../lib/src/graph/onnx/schema.js';
import { guided } from '../../../lib/src/graph/rules/guided.js';
import { createClassifier } from '../../../lib/src/model/createClassifier.js';
import { createRandom } from '../../../lib/src/random.js';
import { sizeOf, tensor } from '../../../lib/src/tensor.js';
import { plainDescription } from '../../classifiers.js';
import { nearestKink, outOfReach } from '../../kinks.js';
import { evaluate } from '../../reference/reference.js';
import { continuous, difference } from '../../rounding.js';
import { forms, modelOf } from './forms.js';

/** Another folder to check, such as that of the published sizes (makeArchitectures.py --full). */
const other = process.env.LANDLENS_ARCHITECTURES;
const folder =
  other === undefined
    ? new URL('../../fixtures/architectures/', import.meta.url)
    : pathToFileURL(`${resolve(other)}/`);
const document = new URL('../../../docs/operators.md', import.meta.url);

/** What test/fixtures/makeArchitectures.py says of one architecture; the gradient lies beside it. */
interface Facts {
  readonly title: string;
  readonly definition: string;
  readonly parameters: number;
  readonly size: number;
  readonly target: number;
  readonly forms: readonly string[];
  readonly scores: readonly number[];
  /** Of the gradient every so many values are stored, then as many of guided backpropagation and of Grad-CAM. */
  readonly step?: number;
}

/** Values at multiples of the step. */
const sampled = (values: ArrayLike<number>, step: number): number[] =>
  Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]);

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''))
  .sort();

function factsOf(name: string): Facts {
  const facts: Facts = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  return facts;
}

function bytesOf(name: string, form: string): Uint8Array {
  const file = new URL(`${name}-${form}.onnx`, folder);
  return other === undefined ? gunzipSync(readFileSync(`${fileURLToPath(file)}.gz`)) : readFileSync(file);
}

function gradientOf(name: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(new URL(`${name}.bin`, folder));
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** The operators of a file, those of its branches included. */
function operatorsIn(graph: GraphMessage): Set<string> {
  const found = new Set<string>();
  for (const { opType, attribute } of graph.node) {
    found.add(opType);
    for (const { g } of attribute) if (g !== null) for (const inner of operatorsIn(g)) found.add(inner);
  }
  return found;
}

/** "17-one" of "traced-17-one" in words. */
const formText = (form: string): string => form.replace(/^[a-z]+-/, '').replace('-one', ' for one image');

function formsText(all: readonly string[], exporter: string): string {
  const own = all.filter((form) => form.startsWith(exporter)).map(formText);
  return own.length > 0 ? own.join(', ') : '–';
}

/** What landlens makes of an operator, less what the file holds around it. */
function madeOf(output: Value, bytes: Uint8Array, operator: string): string {
  const around = [...operatorsIn(decodeModel(bytes).graph ?? assert.fail('no graph'))];
  const made = new Set(
    topologicalOrder([output])
      .map((node) => (node.operator === 'Opaque' ? node.attributes.operator : node.operator))
      .filter(
        (name) => name !== 'Input' && name !== 'Constant' && (name === operator || !around.includes(name)),
      ),
  );
  if (made.size === 0 || made.has(operator)) return 'itself';
  return [...made].sort().join(', ');
}

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

type Results = Readonly<Record<string, { readonly data: ArrayLike<number> }>>;
type Values = Readonly<Record<'gradient' | 'scores', { readonly data: ArrayLike<number> }>>;
const reporting = Boolean(process.env.LANDLENS_REPORT) || other !== undefined;

describe('architectures as PyTorch exports them', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());
  const measured = new Set<string>();
  const users = new Map<string, Set<string>>();

  for (const name of names) {
    const facts = factsOf(name);
    if (facts.step !== undefined) continue;
    for (const form of facts.forms) {
      it(`${facts.title}, ${form}: scores and the gradient of one class are PyTorch's`, async () => {
        const bytes = bytesOf(name, form);
        for (const operator of operatorsIn(decodeModel(bytes).graph ?? assert.fail('no graph'))) {
          users.set(operator, (users.get(operator) ?? new Set()).add(facts.title));
        }
        const { graph } = await readOnnx({ bytes, name: `${name}-${form}.onnx` });
        const { scores } = graph.outputs;
        const [image] = graph.inputs;
        const classes = facts.scores.length / 2;
        const target = input('target', ['N', classes]);
        const [gradient] = differentiate(scores, [image], target);
        const derived = createGraph({ scores, gradient });
        const program = await engine.compile(derived);
        const shape = [2, 12, facts.size, facts.size];
        const random = createRandom(1, name);
        const pixels = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1));
        const weights = Float32Array.from({ length: 2 * classes }, (_, i) =>
          i % classes === facts.target ? 1 : 0,
        );
        const feeds = { image: tensor(pixels, shape), target: tensor(weights, [2, classes]) };
        const results = await program.run(feeds);
        await program.dispose();
        assert.deepEqual(results.gradient.shape, shape);
        const expected = { gradient: gradientOf(name), scores: facts.scores };
        const check = (outputs: Values, limit: number, by: string): void => {
          for (const key of ['gradient', 'scores'] as const) {
            const { largest } = difference(outputs[key].data, expected[key]);
            if (reporting) console.log(`      ${by}: ${key} to ${largest.toExponential(1)} of the maximum`);
            assert.ok(largest <= limit, `by ${by}, the ${key} differ by ${largest} of the maximum`);
          }
        };
        // Shapes that an open batch leaves to the engine are not the reference engine's.
        const understood = topologicalOrder([gradient]).every(({ operator }) => operator !== 'Opaque');
        if (other === undefined && understood) {
          const exact = {
            image: { data: Float64Array.from(pixels), shape },
            target: { data: Float64Array.from(weights), shape: [2, classes] },
          };
          const { scores: exactScores, gradient: exactGradient } = evaluate(derived, exact);
          // The constants of a file and of a derived graph are float32, and so is the fixture.
          check({ scores: exactScores, gradient: exactGradient }, 1e-6, 'the reference engine');
          if (form === facts.forms[0]) assert.ok(nearestKink([scores], exact) > outOfReach);
        }
        check({ scores: results.scores, gradient: results.gradient }, continuous, 'onnxruntime');
        measured.add(name);
      });
    }
  }

  for (const name of names) {
    const facts = factsOf(name);
    const { step, size } = facts;
    if (step === undefined) continue;
    for (const form of facts.forms) {
      it(`${facts.title}, ${form}: scores, gradient, guided backpropagation and Grad-CAM are PyTorch's`, async () => {
        const bytes = bytesOf(name, form);
        for (const operator of operatorsIn(decodeModel(bytes).graph ?? assert.fail('no graph'))) {
          users.set(operator, (users.get(operator) ?? new Set()).add(facts.title));
        }
        const { graph } = await readOnnx({ bytes, name: `${name}-${form}.onnx` });
        const classes = facts.scores.length / 2;
        const description = plainDescription(12, classes);
        const classifier = createClassifier(graph.outputs.scores, description, engine, {
          hash: '0'.repeat(16),
        });
        const { logits: scores, image } = classifier;
        const target = input('target', ['N', classes]);
        const [gradient] = logitGradients(classifier, [image], { target });
        const [guidedGradient] = logitGradients(classifier, [image], { target, rules: guided() });
        const cam = gradCamMap(classifier, { target, rectify: false });
        const derived = createGraph({ scores, gradient, guidedGradient, cam });
        const shape = [2, 12, size, size];
        const random = createRandom(1, name);
        const pixels = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1));
        const weights = Float32Array.from({ length: 2 * classes }, (_, i) =>
          Number(i % classes === facts.target),
        );
        const program = await engine.compile(derived);
        const own = await program.run({
          image: tensor(pixels, shape),
          target: tensor(weights, [2, classes]),
        });
        await program.dispose();
        await classifier.dispose();
        const stored = gradientOf(name);
        const count = Math.ceil(sizeOf(shape) / step);
        const check = (results: Results, limit: number): void => {
          const found = {
            scores: difference(results.scores.data, facts.scores),
            gradient: difference(sampled(results.gradient.data, step), stored.subarray(0, count)),
            guided: difference(sampled(results.guidedGradient.data, step), stored.subarray(count, 2 * count)),
            cam: difference(sampled(results.cam.data, step), stored.subarray(2 * count)),
          };
          for (const [what, { largest }] of Object.entries(found)) {
            if (reporting) console.log(`      ${what} to ${largest.toExponential(1)} of the maximum`);
            assert.ok(largest <= limit, `${what} differs by ${largest} of its maximum`);
          }
        };
        measured.add(name);
        // Shapes that an open batch leaves to the engine are not the reference engine's; such networks have no kinks.
        if (topologicalOrder([scores]).some(({ operator }) => operator === 'Opaque')) {
          check(own, continuous);
          return;
        }
        const feeds = {
          image: { data: Float64Array.from(pixels), shape },
          target: { data: Float64Array.from(weights), shape: [2, classes] },
        };
        const exact = evaluate(derived, feeds);
        // Exporters fold normalisations into weights in single precision.
        check(exact, 2e-6);
        assert.ok(difference(own.scores.data, exact.scores.data).largest <= continuous);
        // A unit that rounding can flip may be one of few: then single precision says nothing of the gradient.
        if (nearestKink([scores], feeds) > outOfReach) check(own, continuous);
      });
    }
  }

  it('are listed in docs/operators.md, with every operator (UPDATE_DOCS=1 writes it)', async function () {
    if (measured.size < names.length || other !== undefined) this.skip();
    const architectures = names.map((name) => {
      const { title, definition, parameters, size, forms } = factsOf(name);
      return [
        title,
        definition,
        String(parameters),
        `${size} × ${size}`,
        formsText(forms, 'traced'),
        formsText(forms, 'captured'),
      ];
    });
    const usersOf = (operator: string): string => [...(users.get(operator) ?? [])].sort().join(', ') || '–';
    const operators = await Promise.all(
      Object.entries(forms).map(async ([operator, form]) => {
        const bytes = modelOf(operator, form);
        const { graph } = await readOnnx({ bytes, name: operator });
        const gradient = form.gradient === false ? 'no' : 'yes';
        return [operator, gradient, madeOf(graph.outputs.y, bytes, operator), usersOf(operator)];
      }),
    );
    const others = [...users.keys()].filter((operator) => !decodedOperators.includes(operator)).sort();
    const unsupported = await readOnnx({ bytes: modelOf('LRN', { attributes: [] }), name: 'network.onnx' });
    const refusal = ((): string => {
      try {
        differentiate(unsupported.graph.outputs.y, unsupported.graph.inputs, input('seed', ['N', 2, 4, 4]));
      } catch (thrown) {
        if (thrown instanceof InputError) return thrown.message;
      }
      return assert.fail('LRN has no gradient');
    })();
    const onlyRun = (domain: string): string =>
      [...passedOperators[domain]]
        .filter((name) => domain !== '' || !decodedOperators.includes(name))
        .join(', ');
    const text = `# Operators and architectures

<!-- Written by test/graph/onnx/architectures.test.ts (UPDATE_DOCS=1); do not edit. -->

landlens reads ONNX files of opsets 7 to 23 and derives gradients as ONNX graphs. This page lists what that covers, and is
written by the test that checks it.

## Architectures

Each network was exported by PyTorch 2.13 in both ways: *traced* (TorchScript, \`dynamo=False\`) and *captured*
(\`dynamo=True\`), at the opsets listed, with the batch left open or fixed to one image. The networks are narrow: the full
definitions with fewer channels and blocks, so the same operators in the same arrangement, random weights, 12 bands and 5
classes (\`test/fixtures/makeArchitectures.py\`). PyTorch computes its scores and the gradient of one class in double precision,
for two images at once. Of each maximum, the derived graph in double precision is within 1e-6 of them (the constants of an
ONNX file are float32), wherever the tests' own interpreter of graphs (\`test/reference\`: plain loops in double precision)
has every operator, and ONNX Runtime within 1e-4. Networks in
two forms alone are also compared in guided backpropagation and Grad-CAM of the default feature layer, all within 2e-6 (EdgeNeXt,
whose mask and positions only an engine computes, in ONNX Runtime within 1e-4).

${table(
  ['Architecture', 'Definition', 'Parameters', 'Image', 'Traced, opset', 'Captured, opset'],
  architectures,
)}

PyTorch cannot trace fused attention below opset 14 nor adaptive pooling with unequal windows, and cannot capture
TorchScript.

The published sizes are too large to be kept here. \`makeArchitectures.py --full <folder>\` exports them, from MobileNetV2
(3.5 million parameters) to VGG-16 (138 million), and with \`LANDLENS_ARCHITECTURES=<folder>\` this test checks them to the
same 1e-4. DenseNet-121, ResNet-50 and VGG-16 are checked on images of 32 × 32 pixels: at 224 × 224 some of their millions
of ReLUs are so close to 0 that rounding decides whether they pass, and then some pixels of the gradient differ by percents
between single and double precision, in PyTorch as here.

## Operators

Operators that landlens reads as its own. Each is run in ONNX Runtime, as in the file and as read; where it has a gradient,
that is compared with central differences in double precision, and ONNX Runtime's gradient with that interpreter's
(\`test/graph/onnx/forms.test.ts\`).

${table(['ONNX operator', 'Gradient', 'Read as', 'Used by'], operators)}

These also occur in the networks above, where shapes, indices and masks are computed:
${others.join(', ')}. What follows from shapes and constants is computed while reading; an \`If\` on it is
the branch that it takes, and the other branch may hold any operator.

ReduceMax and ReduceMin share the gradient evenly among equal extremes, as PyTorch's \`amax\` does. Tile repeats no batch, and
CumSum along the batch mixes its images. Attention is read with separate heads, without a cache of earlier keys. \`Expand\`,
\`Gather\`, \`Reshape\` and \`Flatten\` may merge the batch with windows or heads.

## Operators that are only run

These operators, and forms of those above that have no rule here, are left to the engine: the network runs, and methods
without gradients (Occlusion, LIME) explain it. Any other operator is refused by its name when the file is read.

- Of ONNX: ${onlyRun('')}.
- Of \`com.microsoft\`: ${onlyRun('com.microsoft')}.

\`openClassifier\` runs each of them once, alone, in a process of its own, for one image and for two. That tells the shape
of what it gives, and that it gives an image the same whatever else is in its batch. An operator that crashes there, or takes
more than 5 s of processor time or 768 MiB, is refused by its name. Files without such operators, or with masks and positions
that follow from shapes alone, start no process. What a program reads with \`readOnnx\` is tried with its option \`measure\`.

A method that needs a gradient through one of them says so:

> ${refusal.replaceAll('\n', '\n> ')}
`;
    if (process.env.UPDATE_DOCS === '1') writeFileSync(document, text);
    assert.equal(
      readFileSync(document, 'utf8'),
      text,
      'docs/operators.md is out of date: run the test with UPDATE_DOCS=1',
    );
  });
});
