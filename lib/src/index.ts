/** landlens: explain land-cover classifiers, and check the explanation. */

export * from './analysis/correlation.js';
export * from './attribution/attribution.js';
export * from './dataset/patch.js';
export * from './dataset/scenes.js';
export * from './error.js';
export * from './metric/classification.js';
export * from './metric/computationTime.js';
export * from './metric/fileSize.js';
export * from './metric/imputeNearest.js';
export * from './metric/localisation.js';
export * from './metric/maxSensitivity.js';
export * from './metric/morf.js';
export * from './metric/ranking.js';
export * from './random.js';
export * from './tensor.js';
