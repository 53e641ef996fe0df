/** Einstein summation over one or two tensors, as transpositions, matrix products and sums. */
import { InputError } from '../../error.js';
import { shapeOf } from '../graph.js';
import { apply, type Value } from '../node.js';
import { type Dimension, mergeDimensions } from '../type.js';
import { reshape, transpose } from './arrangement.js';
import { matMul } from './matMul.js';
import { reduceSum } from './reduction.js';

interface Equation {
  readonly terms: readonly string[];
  readonly result: string;
}

/** The letters of each operand and of the result; without an arrow the result has those that occur once, sorted. */
function parseEquation(equation: string): Equation {
  const [left, right] = equation.replaceAll(/\s/g, '').split('->');
  const terms = left.split(',');
  const all = [...terms.join('')];
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter));
  return { terms, result: right ?? once.sort().join('') };
}

/** Whether `einsum` can take it: one or two operands, no ellipsis, no diagonal. */
export function isPlainEinsum(equation: string): boolean {
  const { terms, result } = parseEquation(equation);
  const distinct = (term: string): boolean => new Set(term).size === term.length;
  return (
    terms.length <= 2 &&
    [...terms, result].every((term) => /^[A-Za-z]*$/.test(term) && distinct(term)) &&
    [...result].every((letter) => terms.some((term) => term.includes(letter)))
  );
}

/** The axes of x, named by the letters of `from`, in the order of `to`. */
function arrange(x: Value, from: string, to: string): Value {
  return from === to
    ? x
    : transpose(
        x,
        [...to].map((letter) => from.indexOf(letter)),
      );
}

/** Sums over the letters that are not kept. */
function sumOut(x: Value, term: string, kept: string): { x: Value; term: string } {
  const axes = [...term].flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]));
  const rest = [...term].filter((letter) => kept.includes(letter)).join('');
  return { x: axes.length > 0 ? reduceSum(x, axes, false) : x, term: rest };
}

/** The length of every letter; throws InputError where operands disagree. */
function lengths(values: readonly Value[], terms: readonly string[], where: string): Map<string, Dimension> {
  const found = new Map<string, Dimension>();
  for (const [i, term] of terms.entries()) {
    const shape = shapeOf(values[i]);
    for (const [axis, letter] of [...term].entries()) {
      const length = shape[axis];
      const known = found.get(letter) ?? length;
      if (shape.length !== term.length || length !== known) {
        throw new InputError({
          what: 'the tensors do not fit the equation of Einsum',
          where,
          expected: shape.length === term.length ? `${known} for "${letter}"` : `${term.length} dimensions`,
          got: `[${shape.join(', ')}] for "${term}"`,
        });
      }
      found.set(letter, known);
    }
  }
  return found;
}

/**
 * Einstein summation such as "bhid,bhjd->bhij"; letters of both operands and of the result are the batch of a matrix
 * product, those of both operands only its inner dimension.
 * @param equation one that `isPlainEinsum` accepts
 */
export function einsum(equation: string, values: readonly Value[], where: string, name?: string): Value {
  const { terms, result } = parseEquation(equation);
  const length = lengths(values, terms, where);
  const [left, right] = values.map((x, i) => {
    const others = terms.filter((_, other) => other !== i).join('');
    return sumOut(x, terms[i], others + result);
  });
  const named = (x: Value): Value => apply('Identity', [x], {}, name);
  if (right === undefined) return named(arrange(left.x, left.term, result));
  const letters = (test: (letter: string) => boolean): string =>
    [...new Set(left.term + right.term)].filter(test).join('');
  const inBoth = (letter: string): boolean => left.term.includes(letter) && right.term.includes(letter);
  const batch = letters((letter) => inBoth(letter) && result.includes(letter));
  const inner = letters((letter) => inBoth(letter) && !result.includes(letter));
  const rows = letters((letter) => !right.term.includes(letter));
  const columns = letters((letter) => !left.term.includes(letter));
  const dimensions = (group: string): Dimension[] => [...group].flatMap((letter) => length.get(letter) ?? []);
  const matrix = ({ x, term }: { x: Value; term: string }, first: string, second: string): Value =>
    reshape(arrange(x, term, batch + first + second), [
      ...dimensions(batch),
      mergeDimensions(dimensions(first)),
      mergeDimensions(dimensions(second)),
    ]);
  const product = matMul(matrix(left, rows, inner), matrix(right, inner, columns));
  const whole = batch + rows + columns;
  return named(arrange(reshape(product, dimensions(whole)), whole, result));
}
