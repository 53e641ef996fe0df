/** Operators that compute each value from the values at the same place of their inputs. */
import { apply, type Value } from '../node.js';
import type { DataType } from '../type.js';

/**
 * a + b, broadcast as in NumPy. ONNX: Add.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const add = (a: Value, b: Value): Value => apply('Add', [a, b], {});
/**
 * a - b, broadcast as in NumPy. ONNX: Sub.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const subtract = (a: Value, b: Value): Value => apply('Sub', [a, b], {});
/**
 * a b, value by value, broadcast as in NumPy. ONNX: Mul.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const multiply = (a: Value, b: Value): Value => apply('Mul', [a, b], {});
/**
 * a / b, broadcast as in NumPy. ONNX: Div.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const divide = (a: Value, b: Value): Value => apply('Div', [a, b], {});
/**
 * a^b, broadcast as in NumPy. ONNX: Pow.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const power = (a: Value, b: Value): Value => apply('Pow', [a, b], {});
/**
 * The larger of a and b, broadcast as in NumPy. ONNX: Max.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const maximum = (a: Value, b: Value): Value => apply('Max', [a, b], {});
/**
 * The smaller of a and b, broadcast as in NumPy. ONNX: Min.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const minimum = (a: Value, b: Value): Value => apply('Min', [a, b], {});
/**
 * Whether a > b, as a bool tensor. ONNX: Greater.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const greater = (a: Value, b: Value): Value => apply('Greater', [a, b], {});
/**
 * a where the condition (a bool tensor) holds, else b. ONNX: Where.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const where = (condition: Value, a: Value, b: Value): Value => apply('Where', [condition, a, b], {});

/** The absolute value. ONNX: Abs. */
export const absolute = (x: Value): Value => apply('Abs', [x], {});
/** -x. ONNX: Neg. */
export const negate = (x: Value): Value => apply('Neg', [x], {});
/** 1, 0 or -1. ONNX: Sign. */
export const sign = (x: Value): Value => apply('Sign', [x], {});
/** e^x. ONNX: Exp. */
export const exponential = (x: Value): Value => apply('Exp', [x], {});
/** The natural logarithm. ONNX: Log. */
export const logarithm = (x: Value): Value => apply('Log', [x], {});
/** The square root. ONNX: Sqrt. */
export const squareRoot = (x: Value): Value => apply('Sqrt', [x], {});
/** erf(x) = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. ONNX: Erf. */
export const errorFunction = (x: Value): Value => apply('Erf', [x], {});
/** The sine. ONNX: Sin. */
export const sine = (x: Value): Value => apply('Sin', [x], {});
/** The cosine. ONNX: Cos. */
export const cosine = (x: Value): Value => apply('Cos', [x], {});
/** The arctangent. ONNX: Atan. */
export const arctangent = (x: Value): Value => apply('Atan', [x], {});
/** Zeros of the shape of x, whatever its batch. ONNX: Shape and ConstantOfShape. */
export const zerosLike = (x: Value): Value => apply('ZerosLike', [x], {});

/** x with another element type. ONNX: Cast. */
export const cast = (x: Value, to: DataType): Value =>
  x.type.dataType === to ? x : apply('Cast', [x], { to });
