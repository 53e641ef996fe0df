/**
 * Runs each operator that landlens does not know on its own, in a process that may die, to find its output shapes and
 * whether it is safe to run.
 */

import { failAt, InputError, messageOf } from '../error.js';
import { createDependence } from '../graph/dependence.js';
import { createGraph, describeNode, substitute } from '../graph/graph.js';
import { apply, createNode, floats, input, type NodeOf, type Value } from '../graph/node.js';
import { reshape } from '../graph/operators/arrangement.js';
import {
  type Dimension,
  isBatch,
  perImage,
  rowsPerImage,
  type Shape,
  shapeText,
  type TensorType,
} from '../graph/type.js';
import { tensor } from '../tensor.js';
import type { Engine, Program, Results } from './engine.js';
import { type Limits, ProcessEnded } from './expendableWorker.js';
import { createExpendableEngine } from './onnxRuntime.js';
import { firstLine } from './runtimeFailure.js';

type Passed = NodeOf<'Opaque'>;

export interface OperatorTrial {
  /**
   * The types of the operator's outputs, for any number of images.
   * @throws InputError naming the operator if it ends its process, takes too long or too much memory, fails, returns
   *   other shapes than its rule says, or mixes the images of a batch
   */
  measure(node: Passed): Promise<readonly TensorType[]>;
  dispose(): Promise<void>;
}

/** Seconds of processor time per operator for two images; whole networks of this field take less. */
const seconds = 5;
/** Resident bytes, including the runtime's 150 MiB; what a file stores is added. */
const bytes = 768 * 2 ** 20;

const advice =
  'If the network runs elsewhere, build this layer from operators that docs/operators.md lists, and export again.';

const openBatch = 'Export the network with the batch as a dimension of its own, and open (dynamic).';

/** The process starts with the first operator, and ends with `dispose`. */
export function createOperatorTrial({
  limits = { seconds, bytes },
}: {
  limits?: Limits;
} = {}): OperatorTrial {
  let engine: Engine | undefined;
  const depends = createDependence();

  /** Masks and positions that exporters compute from shapes and constants by ONNX's own operators. */
  const isCommonArithmetic = ({ attributes: { domain }, outputs }: Passed): boolean =>
    domain === '' && outputs.every((value) => !depends(value) && value.type.shape !== undefined);

  async function run(node: Passed, outputs: Readonly<Record<string, Value>>, counts: readonly number[][]) {
    engine ??= createExpendableEngine(limits);
    let program: Program | undefined;
    let images = 1;
    try {
      program = await engine.compile(createGraph(outputs));
      const results: Results[] = [];
      for (const levels of counts) {
        images = levels.length;
        results.push(await program.run({ levels: tensor(Float32Array.from(levels), [levels.length, 1]) }));
      }
      return results;
    } catch (thrown) {
      throw failure(node, images, thrown);
    } finally {
      await program?.dispose().catch(() => {});
    }
  }

  return {
    async measure(node) {
      const types = node.outputs.map(({ type }) => type);
      if (isCommonArithmetic(node)) return types;
      const alone = isolate(node, depends);
      const shapes = alone.map((value) => [shapeVector(value), total(value)]);
      const outputs = Object.fromEntries(
        shapes.flatMap(([shape, sum], i) => [
          [`shape${i}`, shape],
          [`total${i}`, sum],
        ]),
      );
      const [one, two] = await run(node, outputs, [[levels[0]], [...levels]]);
      const found = node.outputs.map((value, i): TensorType => {
        const shape = batchedShape(one[`shape${i}`].data, two[`shape${i}`].data);
        if (shape === undefined || (depends(value) && shape.filter(isBatch).length !== 1)) {
          throw mixes(node, `[${one[`shape${i}`].data}] for one image, [${two[`shape${i}`].data}] for two`);
        }
        const { shape: stated, dataType } = value.type;
        if (stated !== undefined && shapeText(stated) !== shapeText(shape)) {
          throw failAt(describeNode(node), advice)(
            'onnxruntime gives another shape than this operator should have',
            shapeText(stated),
            shapeText(shape),
          );
        }
        return { dataType, shape };
      });
      await checkIndependence(node, alone, found);
      return found;
    },
    async dispose() {
      await engine?.dispose();
    },
  };

  /** The result for an image must not depend on the other images of its batch. */
  async function checkIndependence(node: Passed, alone: readonly Value[], types: readonly TensorType[]) {
    const means = Object.fromEntries(
      types.flatMap(({ shape = [] }, i) => {
        const axis = shape.findIndex(isBatch);
        if (!depends(node.outputs[i]) || axis < 0) return [];
        return [[`mean${i}`, meanPerRow(alone[i], shape, axis)]];
      }),
    );
    if (Object.keys(means).length === 0) return;
    const [first, second, both] = await run(node, means, [[levels[0]], [levels[1]], [...levels]]);
    for (const name of Object.keys(means)) {
      const apart = [...first[name].data, ...second[name].data];
      const together = [...both[name].data];
      const scale = apart.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      // Kernels round differently for other batches; mixing images makes a far larger difference.
      const differs = apart.some((value, row) => Math.abs(value - together[row]) > 1e-3 * scale);
      if (differs) throw mixes(node, 'other values for two images than for each of them');
    }
  }
}

/** What every value of the first and of the second image is; as integers and truth values 0 and true. */
const levels = [0.25, 0.75] as const;

function mixes(node: Passed, got: string): InputError {
  return failAt(describeNode(node), openBatch)(
    'this operator mixes the images of a batch',
    'the same for an image whatever else is in its batch, along one axis',
    got,
  );
}

function failure(node: Passed, images: number, thrown: unknown): InputError {
  const where = describeNode(node);
  if (thrown instanceof ProcessEnded) {
    const fail = failAt(where, `The file may be damaged or hostile. ${advice}`);
    return fail(`this operator is not safe to run: in a process of its own, ${thrown.message}`);
  }
  const message = thrown instanceof InputError ? thrown.parts.what : firstLine(messageOf(thrown));
  const what =
    images === 1 ? 'this operator cannot be run' : `this operator takes one image, but not ${images}`;
  const todo = images === 1 ? advice : openBatch;
  return failAt(where, todo)(`${what}: ${message}`);
}

/** The outputs of the same operator, whose images are even ones: what it takes from them is made from `levels`. */
function isolate(node: Passed, depends: (value: Value) => boolean): Value[] {
  const given = input('levels', ['N', 1]);
  const replacements = new Map<Value, Value>();
  const seen = new Set<Value>();
  const open = [...node.inputs];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (depends(value)) replacements.set(value, evenImages(given, value, node));
    else open.push(...value.node.inputs);
  }
  return substitute(node.outputs, replacements);
}

/** A value of the same type in which all is one level for each image. */
function evenImages(given: Value, { type: { shape, dataType } }: Value, node: Passed): Value {
  if (shape === undefined || shape.filter(isBatch).length > 1) {
    throw failAt(describeNode(node), advice)('what this operator takes has no shape of one batch');
  }
  const axis = shape.findIndex(isBatch);
  const ones = shape.map(() => 1);
  const lengths = shape.map((dimension) => (isBatch(dimension) ? 1 : dimension));
  const rows = axis < 0 ? floats([levels[0]], ones) : perRow(given, shape[axis], ones, axis);
  const values = apply('Expand', [rows], { lengths });
  return dataType === 'float32' ? values : apply('Cast', [values], { to: dataType });
}

/** The levels along one axis, so many rows for each image. */
function perRow(given: Value, batch: Dimension, ones: readonly number[], axis: number): Value {
  const repeated = apply('Expand', [given], { lengths: [1, perImage(batch)] });
  return reshape(repeated, [...ones.slice(0, axis), rowsPerImage(perImage(batch)), ...ones.slice(axis + 1)]);
}

const asFloats = (value: Value): Value => apply('Cast', [value], { to: 'float32' });

/** An ONNX operator that is run but never differentiated. */
function passed(operator: string, value: Value, type: TensorType): Value {
  const attributes = { operator, domain: '', raw: {}, slots: [0], outputTypes: [type] };
  return createNode('Opaque', [value], attributes).outputs[0];
}

const shapeVector = (value: Value): Value =>
  asFloats(passed('Shape', value, { dataType: 'int64', shape: undefined }));

/** A runtime that knows a shape beforehand would not run the operator for it. */
const total = (value: Value): Value =>
  passed('ReduceSum', asFloats(value), { dataType: 'float32', shape: undefined });

/** For images one and two: lengths that stay, and one that doubles. */
function batchedShape(one: Float32Array, two: Float32Array): Shape | undefined {
  if (one.length !== two.length) return undefined;
  const shape = Array.from(one, (length, axis): Dimension | undefined => {
    if (length === two[axis]) return length;
    return two[axis] === 2 * length ? rowsPerImage(length) : undefined;
  });
  const known = shape.filter((dimension) => dimension !== undefined);
  return known.length === shape.length ? known : undefined;
}

/** The mean over all axes but the batch. */
function meanPerRow(value: Value, shape: Shape, axis: number): Value {
  const axes = shape.flatMap((_, other) => (other === axis ? [] : [other]));
  const stated = passed('Identity', asFloats(value), { dataType: 'float32', shape });
  return apply('ReduceMean', [stated], { axes, keepDims: false });
}
