/** How ONNX spells the operators: one table to read them, one to write them, by family. */
import type { Decoders } from './decoder.js';
import type { Encoders } from './encoder.js';
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

/** Readers by the name of the ONNX operator, opsets 7 to 23. */
export const decoders: Decoders = {
  ...activation.decoders,
  ...arrangement.decoders,
  ...constant.decoders,
  ...convolution.decoders,
  ...elementwise.decoders,
  ...gather.decoders,
  ...matMul.decoders,
  ...normalisation.decoders,
  ...pooling.decoders,
  ...reduction.decoders,
  ...resize.decoders,
  ...shape.decoders,
};

/** Writers by the name of landlens's operator, opset 18. */
export const encoders: Encoders = {
  ...activation.encoders,
  ...arrangement.encoders,
  ...convolution.encoders,
  ...elementwise.encoders,
  ...gather.encoders,
  ...matMul.encoders,
  ...normalisation.encoders,
  ...pooling.encoders,
  ...reduction.encoders,
  ...resize.encoders,
  ...shape.encoders,
};
