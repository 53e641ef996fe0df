/** Classifiers, opened from a file, and networks to train. */
export * from './classifier.js';
export * from './classifierFile.js';
export * from './classMatch.js';
export { createClassifier } from './createClassifier.js';
export { defaultModel } from './defaultModel.js';
export { denseNet, denseNet121 } from './denseNet.js';
export { type FeatureLayer, featureLayers } from './featureLayer.js';
export { resNet, resNet50 } from './resNet.js';
export { readNetwork, type StoredNetwork } from './safetensorsFile.js';
export * from './segmenter.js';
