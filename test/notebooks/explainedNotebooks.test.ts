/** The notebooks on one class, competing classes and your own network, run on reduced settings. */
import { describeRuns } from './reduced.js';

describeRuns(['00-start-here', '03-one-class', '04-competing-classes', '09-your-own']);
