/** The ordinary gradient: one backward rule per operator, by family. */
import { activation } from '../gradients/activation.js';
import { arrangement } from '../gradients/arrangement.js';
import { convolution } from '../gradients/convolution.js';
import { elementwise } from '../gradients/elementwise.js';
import { products } from '../gradients/matMul.js';
import { normalisation } from '../gradients/normalisation.js';
import { pooling } from '../gradients/pooling.js';
import { reduction } from '../gradients/reduction.js';
import { resampling } from '../gradients/resize.js';
import type { RuleTable } from '../rule.js';

/** The compiler finds operators that are missing here and in NotDifferentiable of rule.ts. */
export const plain: RuleTable = {
  ...activation,
  ...arrangement,
  ...convolution,
  ...elementwise,
  ...products,
  ...normalisation,
  ...pooling,
  ...reduction,
  ...resampling,
};
