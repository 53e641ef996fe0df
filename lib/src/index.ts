/** landlens: explain land-cover classifiers, and check the explanation. */

export * from './attribution/attribution.js';
export * from './dataset/patch.js';
export * from './dataset/scenes.js';
export * from './error.js';
export * from './random.js';
export * from './tensor.js';
