/** Why onnxruntime does not compute on a GPU by WebGPU, in its own words: landlens says it in one sentence. */
import { createGraph } from 'landlens/graph/graph';
import { input, scalar } from 'landlens/graph/node';
import { writeOnnx } from 'landlens/graph/onnx/write';
import { add } from 'landlens/graph/operators/elementwise';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';

env.logLevel = 'verbose';
const bytes = writeOnnx(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
const session = await InferenceSession.create(bytes, {
  executionProviders: ['webgpu'],
  logSeverityLevel: 0,
});
const { y } = await session.run({ x: new Tensor('float32', [1, 2], [1, 2]) });
console.log(`WebGPU computes: 1 + 1 = ${y.data[0]}`);
