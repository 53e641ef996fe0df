/** Cholesky's factor of a symmetric positive definite matrix, M = L Lᵀ, and what is solved with it. */

/** The lower triangle L, row-major [size * size]; values above the diagonal mean nothing. */
export interface Factor {
  readonly lower: Float64Array;
  readonly size: number;
}

/**
 * Factors M in place.
 * @param matrix row-major [size * size], only the lower triangle is read; MUTATED: becomes L
 * @param scales of the sums behind each row of M [size], against which a rest counts as rounding
 * @returns L, or the first row that the rows before it determine, within rounding
 */
export function factorise(matrix: Float64Array, scales: Float64Array): Factor | number {
  const size = scales.length;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * size + j];
      for (let k = 0; k < j; k++) rest -= matrix[i * size + k] * matrix[j * size + k];
      if (j < i) matrix[i * size + j] = rest / matrix[j * size + j];
      else if (rest > 8 * size * Number.EPSILON * scales[i]) matrix[i * size + i] = Math.sqrt(rest);
      else return i;
    }
  }
  return { lower: matrix, size };
}

/** L⁻¹ b */
export function solveLower({ lower, size }: Factor, right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i * size + k] * x[k];
    x[i] /= lower[i * size + i];
  }
  return x;
}

/** L⁻ᵀ b */
export function solveUpper({ lower, size }: Factor, right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= lower[k * size + i] * x[k];
    x[i] /= lower[i * size + i];
  }
  return x;
}
