/** How ONNX spells the operators, by family: from a node of a file to values of a graph (opsets 7 to 23), and back (18). */
import type { Value } from '../node.js';
import { type Call, refuse } from './call.js';
import type { Decoders } from './decoder.js';
import type { Encoders } from './encoder.js';
import { passThrough, refuseUnlisted } from './opaque.js';
import * as activation from './operators/activation.js';
import * as arrangement from './operators/arrangement.js';
import * as constant from './operators/constant.js';
import * as convolution from './operators/convolution.js';
import * as elementwise from './operators/elementwise.js';
import * as gather from './operators/gather.js';
import * as matMul from './operators/matMul.js';
import * as normalisation from './operators/normalisation.js';
import * as pooling from './operators/pooling.js';
import * as reduction from './operators/reduction.js';
import * as resize from './operators/resize.js';
import * as shape from './operators/shape.js';

const families: readonly { readonly decoders: Decoders }[] = [
  ...[activation, arrangement, constant, convolution, elementwise, gather],
  ...[matMul, normalisation, pooling, reduction, resize, shape],
];

/** By the name of the ONNX operator. */
const decoders: Decoders = Object.fromEntries(families.flatMap((family) => Object.entries(family.decoders)));

/** By the name of landlens's operator. */
export const encoders: Encoders = {
  ...{ ...activation.encoders, ...arrangement.encoders, ...convolution.encoders, ...elementwise.encoders },
  ...{ ...gather.encoders, ...matMul.encoders, ...normalisation.encoders, ...pooling.encoders },
  ...{ ...reduction.encoders, ...resize.encoders, ...shape.encoders },
};

/** The ONNX operators that landlens reads as its own. */
export const decodedOperators: readonly string[] = Object.keys(decoders);

/**
 * The values of a node's outputs.
 * @throws InputError if the node is malformed, or needs training mode or control flow
 */
export function decodeNode(call: Call): readonly Value[] {
  const decoder =
    call.domain === '' && Object.hasOwn(decoders, call.operator) ? decoders[call.operator] : undefined;
  if (decoder === undefined) refuseUnlisted(call);
  const values = decoder?.(call) ?? passThrough(call);
  const extra = call.outputs.findIndex((name, i) => name !== '' && values[i] === undefined);
  if (extra < 0) return values;
  throw refuse(call, `the operator has no output ${extra + 1} ("${call.outputs[extra].slice(0, 80)}")`);
}
