/** Figures for Plotly, and pictures of them. */
export * from './bandComposite.js';
export { bandGrid } from './bandGrid.js';
export * from './classMap.js';
export * from './colour.js';
export * from './groundMap.js';
export * from './mapPanels.js';
export * from './patchPicture.js';
export * from './plotly.js';
export { renderPng, renderSvg } from './staticImage.js';
export * from './theme.js';
export * from './trainingCurves.js';
