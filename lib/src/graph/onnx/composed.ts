/**
 * Finds activations that a file writes with ReLUs as parts: PReLU as a sum of two ReLUs, as Keras does, and hard-swish with
 * a ReLU6 made of ReLU and Min or Clip. Each is one activation, so its ReLUs become maxima with 0, of the same values and
 * gradients, which rules for ReLUs leave alone.
 */
import { constantOf, type Node, scalar, type Value, withInputs } from '../node.js';
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

const rectified = (x: Value): Value => maximum(x, scalar(0));

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

/** The terms of a PReLU in a + b or a - b with maxima in place of its ReLUs; undefined if it is another sum. */
export function preluTerms(operator: 'Add' | 'Sub', a: Value, b: Value): readonly [Value, Value] | undefined {
  const terms = [termOf(a), termOf(b)];
  const [upper, lower] = operator === 'Add' && terms[0]?.factor ? terms.reverse() : terms;
  if (!upper || upper.factor || !lower?.factor) return undefined;
  if (!isNegated(lower.x, upper.x) && !isNegated(upper.x, lower.x)) return undefined;
  const [positive, negative] = [upper, lower].map(({ x }) => rectified(x));
  return [positive, multiply(lower.factor, negative)];
}

/** At most a limit of ReLU6, written twice, and two factors are looked through. */
const deepestGate = 4;

/**
 * The gate relu6(x + 3) / 6 of a hard-swish with a maximum in place of its ReLU; undefined if it is something else.
 */
function gateOf(value: Value, x: Value): Value | undefined {
  const passed: Node[] = [];
  let { node } = value;
  while (node.operator !== 'Relu') {
    const { operator, inputs } = node;
    const next = inputs.find((input) => !isStored(input));
    if (passed.length === deepestGate || next === undefined) return undefined;
    const scales = operator === 'Mul' || operator === 'Min' || (operator === 'Div' && next === inputs[0]);
    if (operator !== 'Clip' && !(scales && inputs.some(isStored))) return undefined;
    passed.push(node);
    ({ node } = next);
  }
  const [shifted] = node.inputs;
  const { operator, inputs } = shifted.node;
  const limited = passed.some((each) => each.operator === 'Clip' || each.operator === 'Min');
  if (!limited || operator !== 'Add' || !inputs.includes(x) || !inputs.some(isStored)) return undefined;
  return passed.reduceRight(
    (result, each) =>
      withInputs(
        each,
        each.inputs.map((input) => (isStored(input) ? input : result)),
      ).outputs[0],
    rectified(shifted),
  );
}

/** The factors of a product a b, with maxima in place of the ReLU of a hard-swish. */
export function hardSwishFactors(a: Value, b: Value): readonly [Value, Value] {
  return [gateOf(a, b) ?? a, gateOf(b, a) ?? b];
}
