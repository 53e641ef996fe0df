/** Operators distributed over wide concatenations: the maps of a dense block are not copied for each of its layers. */
import { isFixed, shapeOf } from '../graph.js';
import { constantOf, floats, type Node, type Value, withInputs } from '../node.js';
import { concat, slice, split } from '../operators/arrangement.js';
import { conv } from '../operators/convolution.js';
import { add } from '../operators/elementwise.js';
import { type Context, onlyUser, type Pass } from './rewrite.js';

export interface DistributeConcatOptions {
  /** Channels of a part; narrower neighbours are joined, as convolutions of few channels are slow. */
  readonly width?: number;
  /** Pixels of a map below which calling an operator for every part costs more than copying the channels. */
  readonly leastPixels?: number;
}

type Parts = readonly Value[];

const widthOf = (value: Value): number => Number(shapeOf(value)[1]);

const joined = (parts: Parts): Value => (parts.length === 1 ? parts[0] : concat(parts));

/** Neighbours joined up to a width, from the left: a longer concatenation begins with the same parts. */
function joinNarrow(values: Parts, most: number): Parts {
  const groups: Value[][] = [];
  let width = 0;
  for (const value of values) {
    width += widthOf(value);
    const last = groups.at(-1);
    if (last !== undefined && width <= most) last.push(value);
    else {
      groups.push([value]);
      width = widthOf(value);
    }
  }
  return groups.map(joined);
}

/** The ranges of weights, along one axis, that belong to parts of these widths. */
function cutWeights(weight: Value, widths: readonly number[], axis: number): Parts {
  const known = constantOf(weight);
  // Cut here, constant vectors take the runtime no time to fold.
  const vector = known?.shape.length === 1 && known.data instanceof Float32Array ? known.data : undefined;
  let end = 0;
  return widths.map((width) => {
    const start = end;
    end += width;
    return vector ? floats(vector.slice(start, end), [width]) : slice(weight, axis, start, end);
  });
}

/** Ranges of channels, so many each, out of parts. */
function takeRanges(parts: Parts, sizes: readonly number[]): Value[] {
  const waiting = [...parts];
  return sizes.map((size) => {
    const found: Value[] = [];
    for (let missing = size; missing > 0; ) {
      const part = waiting.shift();
      if (part === undefined) throw new Error('a split asks for more channels than there are');
      const rest = widthOf(part) - missing;
      const [head, tail] = rest > 0 ? split(part, [missing, rest]) : [part];
      found.push(head);
      if (tail !== undefined) waiting.unshift(tail);
      missing -= widthOf(head);
    }
    return joined(found);
  });
}

const sameShape = (a: Value, b: Value): boolean => shapeOf(a).join() === shapeOf(b).join();

/**
 * f(concat(a, b)) = concat(f(a), f(b)) where f acts on each channel alone, w * concat(a, b) = w1 * a + w2 * b for a
 * convolution, which adds on to what is there. A concatenation of concatenations is one.
 */
export function distributeConcat({ width = 128, leastPixels = 200 }: DistributeConcatOptions = {}): Pass {
  function joinsWide(node: Node): boolean {
    if (node.operator !== 'Concat' || node.attributes.axis !== 1) return false;
    const [, channels, ...size] = node.outputs[0].type.shape ?? [];
    const [rows, columns] = size.map(Number);
    return size.length === 2 && Number(channels) > width && rows * columns >= leastPixels;
  }
  const partsOf = ({ node }: Value): Parts | undefined =>
    joinsWide(node) && node.inputs.length > 1 ? node.inputs : undefined;

  /** A value in parts of these widths; a convolution computes its channels part by part. */
  function inParts(value: Value, widths: readonly number[], isReadOnce: boolean): Parts {
    const own = partsOf(value);
    if (own?.map(widthOf).join() === widths.join()) return own;
    const { node } = value;
    const isCut = node.operator === 'Conv' && node.attributes.group === 1 && isReadOnce;
    if (isCut && node.inputs.slice(1).every(isFixed)) {
      const [x, weight, bias] = node.inputs;
      const biases = bias && cutWeights(bias, widths, 0);
      return cutWeights(weight, widths, 0).map((piece, i) =>
        conv(x, piece, { ...node.attributes, bias: biases?.[i], name: node.name }),
      );
    }
    return takeRanges(own ?? [value], widths);
  }

  return (node: Node, inputs: Parts, context: Context) => {
    if (joinsWide(node)) {
      const all = inputs.flatMap((value) => partsOf(value) ?? value);
      return [joined(joinNarrow(all, width))];
    }
    const [x] = inputs;
    const parts = inputs.map(partsOf).find((found) => found !== undefined);
    if (parts === undefined) return undefined;
    const widths = parts.map(widthOf);
    const each = (others: readonly Parts[] = []): Value[] => [
      concat(parts.map((part, i) => withInputs(node, [part, ...others.map((other) => other[i])]).outputs[0])),
    ];
    switch (node.operator) {
      case 'Relu':
      case 'Sign':
        return each();
      case 'BatchNormalization': {
        const vectors = inputs.slice(1);
        return vectors.every(isFixed)
          ? each(vectors.map((vector) => cutWeights(vector, widths, 0)))
          : undefined;
      }
      case 'Add':
      case 'Mul': {
        if (!sameShape(inputs[0], inputs[1])) return undefined;
        const [a, b] = inputs.map((value, i) =>
          inParts(value, widths, onlyUser(node.inputs[i], context) === node),
        );
        return [concat(a.map((part, i) => withInputs(node, [part, b[i]]).outputs[0]))];
      }
      case 'Conv': {
        const [, weight, bias] = inputs;
        if (partsOf(x) === undefined || node.attributes.group !== 1 || !isFixed(weight)) return undefined;
        const terms = cutWeights(weight, widths, 1).map((piece, i) =>
          conv(parts[i], piece, { ...node.attributes, bias: i === 0 ? bias : undefined, name: node.name }),
        );
        return [terms.reduce((sum, term) => add(sum, term))];
      }
      case 'Split':
        return node.attributes.axis === 1 ? takeRanges(parts, node.attributes.sizes) : undefined;
      default:
        return undefined;
    }
  };
}
