/** What notebooks need: open, show, tables, progress. */
export * from './findImage.js';
export * from './openNotebook.js';
export * from './openStudy.js';
export { showProgress } from './progress.js';
export * from './show.js';
export * from './table.js';
