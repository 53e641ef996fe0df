/** From a node of an ONNX file to values of a graph. */
import type { Value } from '../node.js';
import { type Call, refuse } from './call.js';
import { passThrough, refuseUnlisted } from './opaque.js';
import { decoders } from './operators.js';

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
