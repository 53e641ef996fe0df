/** How many of several parts carry their sum. */
import { sumOfSquares } from './uncertainty.js';

/**
 * (Σ s)² / Σ s²: n for n equal parts, 1 where one outweighs the rest, 0 where all are 0. Of weights it is the effective number
 * of samples (Kish, 1965), of variances that are added the degrees of freedom of their sum (Satterthwaite, 1946).
 */
export function effectiveCount(parts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < parts.length; i++) total += parts[i];
  return total === 0 ? 0 : (total * total) / sumOfSquares(parts);
}
