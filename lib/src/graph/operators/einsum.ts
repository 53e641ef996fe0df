/** Einstein summation over any number of tensors, as transpositions, matrix products and sums. */
import { failAt, type InputError } from '../../error.js';
import { shapeOf } from '../graph.js';
import { apply, type Value } from '../node.js';
import { type Dimension, mergeDimensions, shapeText, staticDimension } from '../type.js';
import { reshape, slice, transpose } from './arrangement.js';
import { matMul } from './matMul.js';
import { reduceSum } from './reduction.js';

/** A tensor and the letters of its axes. */
interface Operand {
  readonly x: Value;
  readonly term: string;
}

/** The letters that stand for the axes of an ellipsis, from the last; equations use the others. */
const ellipsisLetters = '0123456789';

function mismatch(where: string, expected: string, got: string): InputError {
  return failAt(where)('the tensors do not fit the equation of Einsum', expected, got);
}

/** An ellipsis as one letter for each of its axes: broadcasting aligns them at the last. */
function spelled(term: string, rank: number, where: string): string {
  const [before, after, ...more] = term.split('...');
  if (more.length > 0 || !/^[A-Za-z]*$/.test(before + (after ?? ''))) {
    throw mismatch(where, 'letters and at most one ellipsis in each term', term.slice(0, 80));
  }
  if (after === undefined) return before;
  const count = rank - before.length - after.length;
  if (count > ellipsisLetters.length)
    throw mismatch(where, `at most ${ellipsisLetters.length} axes`, String(count));
  return before + ellipsisLetters.slice(0, Math.max(0, count)).split('').reverse().join('') + after;
}

/** The letters of each operand and of the result; without an arrow the result has those that occur once, sorted. */
function parseEquation(equation: string, values: readonly Value[], where: string) {
  const [left, right, ...more] = equation.replaceAll(/\s/g, '').split('->');
  const given = left.split(',');
  if (given.length !== values.length || more.length > 0) {
    throw mismatch(where, `${values.length} terms`, equation.slice(0, 80));
  }
  const operands = values.map((x, i): Operand => {
    const rank = shapeOf(x).length;
    const term = spelled(given[i], rank, where);
    if (term.length !== rank) throw mismatch(where, `${term.length} dimensions`, shapeText(shapeOf(x)));
    return { x, term };
  });
  const all = [...operands.map(({ term }) => term).join('')];
  const broadcast = [...new Set(all.filter((letter) => ellipsisLetters.includes(letter)))].sort().reverse();
  const once = all.filter(
    (letter) => all.indexOf(letter) === all.lastIndexOf(letter) && /[A-Za-z]/.test(letter),
  );
  const whole = right?.replace('...', broadcast.join('')) ?? [...broadcast, ...once.sort()].join('');
  const letters = [...whole];
  if (new Set(letters).size !== letters.length || letters.some((letter) => !all.includes(letter))) {
    throw mismatch(where, 'a result of letters of the terms, each once', (right ?? '').slice(0, 80));
  }
  return { operands, result: whole };
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

/** The diagonal of every letter that occurs twice in the term: every (L + 1)th value of both axes merged. */
function diagonal({ x, term }: Operand, where: string): Operand {
  const twice = [...term].find((letter, i) => term.indexOf(letter) !== i);
  if (twice === undefined) return { x, term };
  const shape = shapeOf(x);
  const axes = [term.indexOf(twice), term.indexOf(twice, term.indexOf(twice) + 1)];
  const rest = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const [length, other] = axes.map((axis) => staticDimension(shape[axis], where));
  if (length !== other) throw mismatch(where, `one length for "${twice}"`, shapeText(shape));
  const lengths = rest.map((axis) => shape[axis]);
  const merged = reshape(transpose(x, [...rest, ...axes]), [...lengths, length * length]);
  const taken = slice(merged, rest.length, 0, length * length, length + 1);
  return diagonal({ x: taken, term: rest.map((axis) => term[axis]).join('') + twice }, where);
}

/**
 * The length of every letter; 1 is broadcast.
 * @throws InputError if operands disagree
 */
function lengthsOf(operands: readonly Operand[], where: string): Map<string, Dimension> {
  const found = new Map<string, Dimension>();
  for (const { x, term } of operands) {
    for (const [axis, letter] of [...term].entries()) {
      const length = shapeOf(x)[axis];
      const known = found.get(letter) ?? 1;
      if (length !== known && length !== 1 && known !== 1) {
        throw mismatch(where, `${known} for "${letter}"`, `${shapeText(shapeOf(x))} for "${term}"`);
      }
      if (known === 1) found.set(letter, length);
    }
  }
  return found;
}

/** Without the axes that are summed over, and without those of 1 that another operand repeats. */
function reduced({ x, term }: Operand, kept: string, lengths: ReadonlyMap<string, Dimension>): Operand {
  const shape = shapeOf(x);
  const letters = [...term];
  const summed = letters.flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]));
  const sum = summed.length > 0 ? reduceSum(x, summed, true) : x;
  const stays = letters.map(
    (letter, axis) => kept.includes(letter) && (shape[axis] !== 1 || lengths.get(letter) === 1),
  );
  return {
    x: reshape(
      sum,
      shape.filter((_, axis) => stays[axis]),
    ),
    term: letters.filter((_, axis) => stays[axis]).join(''),
  };
}

/**
 * The product of two operands with the letters of `kept`: letters of both and of `kept` are the batch of a matrix
 * product, those of both only its inner dimension.
 */
function contract(a: Operand, b: Operand, kept: string, lengths: ReadonlyMap<string, Dimension>): Operand {
  const [left, right] = [a, b].map((operand, i) => reduced(operand, kept + (i === 0 ? b : a).term, lengths));
  const letters = (test: (letter: string) => boolean): string =>
    [...new Set(left.term + right.term)].filter(test).join('');
  const inBoth = (letter: string): boolean => left.term.includes(letter) && right.term.includes(letter);
  const batch = letters((letter) => inBoth(letter) && kept.includes(letter));
  const inner = letters((letter) => inBoth(letter) && !kept.includes(letter));
  const rows = letters((letter) => !right.term.includes(letter));
  const columns = letters((letter) => !left.term.includes(letter));
  const dimensions = (group: string): Dimension[] =>
    [...group].flatMap((letter) => lengths.get(letter) ?? []);
  const matrix = ({ x, term }: Operand, first: string, second: string): Value =>
    reshape(arrange(x, term, batch + first + second), [
      ...dimensions(batch),
      mergeDimensions(dimensions(first)),
      mergeDimensions(dimensions(second)),
    ]);
  const product = matMul(matrix(left, rows, inner), matrix(right, inner, columns));
  const term = batch + rows + columns;
  return { x: reshape(product, dimensions(term)), term };
}

/**
 * Einstein summation such as "bhid,bhjd->bhij": with an ellipsis, with diagonals ("ii->i"), over several operands
 * from left to right. A length of 1 is repeated. ONNX: Einsum.
 * @throws InputError if operands and equation do not fit together
 */
export function einsum(equation: string, values: readonly Value[], where: string, name?: string): Value {
  const { operands: given, result } = parseEquation(equation, values, where);
  const operands = given.map((operand) => diagonal(operand, where));
  const lengths = lengthsOf(operands, where);
  const [first, ...others] = operands;
  const whole = others.reduce<Operand>((product, operand, i) => {
    const later = others.slice(i + 1).map(({ term }) => term);
    return contract(product, operand, result + later.join(''), lengths);
  }, first);
  const { x, term } = reduced(whole, result, lengths);
  return apply('Identity', [arrange(x, term, result)], {}, name);
}
