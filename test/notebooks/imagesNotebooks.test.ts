/** The notebooks on data, classifier, failures, ground truth and error bars, run on reduced settings. */
import { describeRuns } from './reduced.js';

describeRuns(['01-data', '02-classifier', '05-failures', '10-ground-truth', '11-error-bars']);
