/** The recorded study: run, records, summary, tables, and the paper's own tables. */
export { findPaperCases, readCase, writeCase } from './caseStudy.js';
export * from './findings.js';
export { readMap } from './maps.js';
export { measureMethod, measureRandom } from './measure.js';
export * from './paper/paperCases.js';
export * from './paper/paperClaims.js';
export * from './paper/paperClassification.js';
export * from './paper/paperTables.js';
export { presets } from './presets.js';
export { readStudy, type StudyFiles } from './recorded.js';
export * from './recordRows.js';
export { openRecords, randomBaseline, type StudyFacts, type StudyRecord } from './records.js';
export { runStudy } from './run.js';
export * from './selection.js';
export { chooseImages, chooseTarget, readSubject, type Subject } from './subject.js';
export * from './summary.js';
export { queryStudy } from './table/queryStudy.js';
export { describeContext } from './tables.js';
