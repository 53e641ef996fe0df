/** The notebooks on the study, whose records the first of them makes for all, and on others' networks, on reduced settings. */
import { describeRuns } from './reduced.js';

describeRuns(['06-morf', '07-table3', '08-correlation', '12-others-networks']);
