/** Attribution methods, and the one path from image, targets and methods to maps. */
export * from './attribution.js';
export type { Baseline } from './baseline.js';
export * from './deepLift.js';
export {
  type BindOptions,
  bindMethods,
  type ExplainedTarget,
  type Explanation,
  explain,
} from './explain.js';
export * from './explainLargeImage.js';
export * from './fade.js';
export { type GradCamOptions, gradCam } from './gradCam.js';
export * from './graphMethod.js';
export * from './guidedBackpropagation.js';
export * from './guidedGradCam.js';
export * from './inputXGradient.js';
export * from './integratedGradients.js';
export * from './lime.js';
export * from './methods.js';
export * from './occlusion.js';
export * from './reduce.js';
export * from './saliency.js';
export type { NoiseDesign, SamplingOptions } from './sampling.js';
export * from './slic.js';
export * from './smoothGrad.js';
export * from './smoothIntegratedGradients.js';
export * from './uncertainty.js';
