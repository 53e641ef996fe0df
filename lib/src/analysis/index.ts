/** Questions over many images: co-occurrence, correlation, failures, competing classes, planted biases, ground truth. */
export * from './coOccurrence.js';
export * from './correlation.js';
export * from './evaluate.js';
export * from './missingLabels.js';
export * from './mosaicBiases.js';
export * from './plantedBiases.js';
export * from './sceneBiases.js';
export * from './scoredImages.js';
export * from './studentQuantile.js';
