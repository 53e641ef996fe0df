/**
 * Finds a PReLU that a file writes as a sum of two ReLUs, as Keras does: relu(x) - slope relu(-x). It is one activation,
 * so rules for ReLUs leave it alone.
 */
import { constantOf, scalar, type Value } from '../node.js';
import { maximum, multiply } from '../operators/elementwise.js';

/** A stored factor (or none) times relu(x). */
interface Term {
  readonly x: Value;
  readonly factor?: Value;
}

const isStored = ({ node }: Value): boolean =>
  [node, node.operator === 'Neg' ? node.inputs[0].node : node].some(
    ({ operator }) => operator === 'Constant',
  );

/** At most a sign, a factor and a sign of the factor are looked through. */
const deepest = 3;

function termOf(value: Value): Term | undefined {
  let at = value;
  let factor: Value | undefined;
  for (let depth = 0; depth <= deepest; depth++) {
    const { operator, inputs } = at.node;
    const times = (by: Value): Value => (factor ? multiply(factor, by) : by);
    if (operator === 'Relu') return { x: inputs[0], factor };
    if (operator === 'Neg') {
      factor = times(scalar(-1));
      [at] = inputs;
    } else if (operator === 'Mul' && inputs.some(isStored)) {
      const [stored, other] = isStored(inputs[0]) ? inputs : inputs.toReversed();
      factor = times(stored);
      at = other;
    } else return undefined;
  }
  return undefined;
}

function isNegated(a: Value, of: Value): boolean {
  const { operator, inputs } = a.node;
  if (operator === 'Neg') return inputs[0] === of;
  if (operator !== 'Mul' || !inputs.includes(of)) return false;
  return inputs.some((value) => constantOf(value)?.data.every((item) => Number(item) === -1));
}

/** The terms of a PReLU in a + b or a - b with maxima in place of its ReLUs; nothing where it is another sum. */
export function preluTerms(operator: 'Add' | 'Sub', a: Value, b: Value): readonly [Value, Value] | undefined {
  const terms = [termOf(a), termOf(b)];
  const [upper, lower] = operator === 'Add' && terms[0]?.factor ? terms.reverse() : terms;
  if (!upper || upper.factor || !lower?.factor) return undefined;
  if (!isNegated(lower.x, upper.x) && !isNegated(upper.x, lower.x)) return undefined;
  const [positive, negative] = [upper, lower].map(({ x }) => maximum(x, scalar(0)));
  return [positive, multiply(lower.factor, negative)];
}
