/** Operators that compute each value from the values at the same place of their inputs. */
import { apply, define, type None, type Value } from '../node.js';
import { broadcastTypes, type DataType, sameType, type TensorType } from '../type.js';

declare module '../node.js' {
  interface OperatorAttributes {
    Add: None;
    Sub: None;
    Mul: None;
    Div: None;
    Pow: None;
    Max: None;
    Min: None;
    /** The remainder of int64 values. */
    Mod: None;
    /** A comparison, whose result is a bool tensor. */
    Greater: None;
    Where: None;
    Abs: None;
    Neg: None;
    Sign: None;
    Exp: None;
    Log: None;
    Sqrt: None;
    Erf: None;
    Sin: None;
    Cos: None;
    Atan: None;
    /** Zeros like the input, whatever its batch. */
    ZerosLike: None;
    Identity: None;
    /** At inference: the identity. */
    Dropout: None;
    Cast: { readonly to: DataType };
  }
}

const broadcast = (inputs: readonly TensorType[], _: None, where: string): TensorType =>
  broadcastTypes(inputs, where);

export const Add = define('Add', broadcast);
export const Sub = define('Sub', broadcast);
export const Mul = define('Mul', broadcast);
export const Div = define('Div', broadcast);
export const Pow = define('Pow', broadcast);
export const Max = define('Max', broadcast);
export const Min = define('Min', broadcast);
export const Mod = define('Mod', broadcast);
export const Greater = define('Greater', (inputs, _, where) => ({
  ...broadcastTypes(inputs, where),
  dataType: 'bool',
}));
export const Where = define('Where', ([condition, a, b], _, where) =>
  broadcastTypes([a, broadcastTypes([condition, b], where)], where),
);
export const Abs = define('Abs', sameType);
export const Neg = define('Neg', sameType);
export const Sign = define('Sign', sameType);
export const Exp = define('Exp', sameType);
export const Log = define('Log', sameType);
export const Sqrt = define('Sqrt', sameType);
export const Erf = define('Erf', sameType);
export const Sin = define('Sin', sameType);
export const Cos = define('Cos', sameType);
export const Atan = define('Atan', sameType);
export const ZerosLike = define('ZerosLike', sameType);
export const Identity = define('Identity', sameType);
export const Dropout = define('Dropout', sameType);
export const Cast = define('Cast', ([{ shape }], { to }) => ({ dataType: to, shape }));

/**
 * a + b, broadcast as in NumPy. ONNX: Add.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const add = (a: Value, b: Value): Value => apply(Add, [a, b], {});
/**
 * a - b, broadcast as in NumPy. ONNX: Sub.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const subtract = (a: Value, b: Value): Value => apply(Sub, [a, b], {});
/**
 * a b, value by value, broadcast as in NumPy. ONNX: Mul.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const multiply = (a: Value, b: Value): Value => apply(Mul, [a, b], {});
/**
 * a / b, broadcast as in NumPy. ONNX: Div.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const divide = (a: Value, b: Value): Value => apply(Div, [a, b], {});
/**
 * a^b, broadcast as in NumPy. ONNX: Pow.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const power = (a: Value, b: Value): Value => apply(Pow, [a, b], {});
/**
 * The larger of a and b, broadcast as in NumPy. ONNX: Max.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const maximum = (a: Value, b: Value): Value => apply(Max, [a, b], {});
/**
 * The smaller of a and b, broadcast as in NumPy. ONNX: Min.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const minimum = (a: Value, b: Value): Value => apply(Min, [a, b], {});
/**
 * Whether a > b, as a bool tensor. ONNX: Greater.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const greater = (a: Value, b: Value): Value => apply(Greater, [a, b], {});
/**
 * a where the condition (a bool tensor) holds, else b. ONNX: Where.
 * @throws InputError if the shapes cannot be broadcast together
 */
export const where = (condition: Value, a: Value, b: Value): Value => apply(Where, [condition, a, b], {});

/** The absolute value. ONNX: Abs. */
export const absolute = (x: Value): Value => apply(Abs, [x], {});
/** -x. ONNX: Neg. */
export const negate = (x: Value): Value => apply(Neg, [x], {});
/** 1, 0 or -1. ONNX: Sign. */
export const sign = (x: Value): Value => apply(Sign, [x], {});
/** e^x. ONNX: Exp. */
export const exponential = (x: Value): Value => apply(Exp, [x], {});
/** The natural logarithm. ONNX: Log. */
export const logarithm = (x: Value): Value => apply(Log, [x], {});
/** The square root. ONNX: Sqrt. */
export const squareRoot = (x: Value): Value => apply(Sqrt, [x], {});
/** erf(x) = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. ONNX: Erf. */
export const errorFunction = (x: Value): Value => apply(Erf, [x], {});
/** The sine. ONNX: Sin. */
export const sine = (x: Value): Value => apply(Sin, [x], {});
/** The cosine. ONNX: Cos. */
export const cosine = (x: Value): Value => apply(Cos, [x], {});
/** The arctangent. ONNX: Atan. */
export const arctangent = (x: Value): Value => apply(Atan, [x], {});
/** Zeros of the shape of x, whatever its batch. ONNX: Shape and ConstantOfShape. */
export const zerosLike = (x: Value): Value => apply(ZerosLike, [x], {});

/** x with another element type. ONNX: Cast. */
export const cast = (x: Value, to: DataType): Value =>
  x.type.dataType === to ? x : apply(Cast, [x], { to });
