/** Constants in ONNX. */
import { constant } from '../../node.js';
import type { ConstantTensor } from '../../type.js';
import { type Call, number, numbers, refuse } from '../call.js';
import type { Decoders } from '../decoder.js';

function constantValue(call: Call): ConstantTensor | undefined {
  const value = call.raw.get('value');
  if (value?.type === 'tensor') return value.value;
  const float = numbers(call, 'value_floats');
  if (float !== undefined) {
    return { dataType: 'float32', shape: [float.length], data: Float32Array.from(float) };
  }
  if (call.raw.has('value_float')) {
    return { dataType: 'float32', shape: [], data: Float32Array.of(number(call, 'value_float', 0)) };
  }
  const list = call.raw.get('value_ints');
  if (list?.type === 'ints') {
    return { dataType: 'int64', shape: [list.value.length], data: BigInt64Array.from(list.value) };
  }
  const single = call.raw.get('value_int');
  if (single?.type === 'int') return { dataType: 'int64', shape: [], data: BigInt64Array.of(single.value) };
  return undefined;
}

export const decoders: Decoders = {
  /** Weights are found by the name of their value, so a constant takes it rather than the node's. */
  Constant(call) {
    const value = constantValue(call);
    if (value === undefined) throw refuse(call, 'a constant without numbers');
    return [constant(value, call.outputs[0])];
  },
};
