/** What runs a graph. */
export * from './engine.js';
export * from './engines.js';
export { createEngine, type OnnxRuntimeOptions } from './onnxRuntime.js';
export * from './tensorFlow.js';
