/** Metrics of explanations and of classifications. */
export * from './classification/classification.js';
export * from './classification/decision.js';
export * from './complexity/computationTime.js';
export * from './complexity/fileSize.js';
export * from './faithfulness/imputeNearest.js';
export * from './faithfulness/morf.js';
export * from './faithfulness/ranking.js';
export * from './localisation/classDiscrimination.js';
export * from './localisation/localisation.js';
export * from './metrics.js';
export * from './robustness/maxSensitivity.js';
