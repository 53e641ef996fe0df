/** Training a network. */
export * from './fit.js';
export * from './history.js';
export * from './plateau.js';
export * from './pretrained.js';
export * from './recipe.js';
