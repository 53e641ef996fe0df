/** Standard errors of a regression's coefficients that ask neither for a linear truth nor for residuals that vary alike. */
import { type Factor, solveUpper } from './cholesky.js';

/** One row of a weighted regression with coefficients from A = XᵀWX + alpha I = L Lᵀ. */
export interface WeightedRow {
  /** √w */
  readonly root: number;
  /** √w (y - fitted) */
  readonly residual: number;
  /** L⁻¹ √w x, x centred by the weighted means */
  readonly features: Float64Array;
}

/**
 * The square roots of the diagonal of A⁻¹ (Σ s sᵀ) A⁻¹, with s = Σ w x e over the rows of one cluster, which were drawn
 * together, independently of the others: the standard deviation over repeated draws of all rows. As the fit draws
 * residuals e towards 0, those of a cluster, times √w, are first multiplied by (I - H)^-½, H being its block of the hat
 * matrix: White's covariance with the correction HC2 (MacKinnon and White, 1985), for clusters CR2 (Bell and McCaffrey, 2002).
 * @param clusters of one or two rows
 * @param total of all weights
 */
export function sandwichErrors(
  factor: Factor,
  clusters: Iterable<readonly WeightedRow[]>,
  total: number,
): Float64Array {
  const variances = new Float64Array(factor.size);
  for (const cluster of clusters) {
    const score = solveUpper(factor, correctedScore(cluster, total));
    for (let i = 0; i < variances.length; i++) variances[i] += score[i] ** 2;
  }
  return variances.map(Math.sqrt);
}

/**
 * Σ z r over the rows of a cluster, with z = L⁻¹ √w x and r its residuals times (I - H)^-½, where H = z · z' + √w √w' / Σ w,
 * the second term being the intercept's. NaN where a row alone determines a coefficient: it has no residual to learn from.
 */
function correctedScore([first, second]: readonly WeightedRow[], total: number): Float64Array {
  const rest = (one: WeightedRow, other: WeightedRow): number =>
    (one === other ? 1 : 0) - dot(one.features, other.features) - (one.root * other.root) / total;
  const beyondRounding = (value: number): number =>
    value > 8 * first.features.length * Number.EPSILON ? value : Number.NaN;
  const a = rest(first, first);
  if (second === undefined) {
    const scale = first.residual / Math.sqrt(beyondRounding(a));
    return first.features.map((value) => value * scale);
  }
  const b = rest(first, second);
  const d = rest(second, second);
  // M = [a b; b d] has M^½ = (M + s I) / t with s = √(det M), t = √(trace M + 2 s), so M^-½ = [d+s -b; -b a+s] / (s t).
  const s = Math.sqrt(beyondRounding(a * d - b * b));
  const t = Math.sqrt(a + d + 2 * s);
  const one = ((d + s) * first.residual - b * second.residual) / (s * t);
  const other = ((a + s) * second.residual - b * first.residual) / (s * t);
  return first.features.map((value, i) => value * one + second.features[i] * other);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
