/** Backward rules: from the gradients of a node's outputs to the gradients of its inputs. */
import type { Operator } from './inference.js';
import type { NodeOf, Value } from './node.js';

export interface RuleArguments<Op extends Operator> {
  readonly node: NodeOf<Op>;
  /** The gradient of the first output that has one. */
  readonly gradient: Value;
  /** One entry per output; undefined where no gradient arrives. */
  readonly gradients: readonly (Value | undefined)[];
  /** Which inputs need a gradient; a rule may skip the others. */
  readonly wanted: readonly boolean[];
  /** Maps a value to the same value for the baseline (DeepLift); throws if there is no such pass. */
  readonly reference: (value: Value) => Value;
}

/** One entry per input; undefined where no gradient flows. */
export type Rule<Op extends Operator> = (rule: RuleArguments<Op>) => readonly (Value | undefined)[];

/** Operators through which no gradient can flow. */
export type NotDifferentiable =
  | 'Input'
  | 'Constant'
  | 'Opaque'
  | 'Greater'
  | 'Sign'
  | 'Mod'
  | 'ScatterElements'
  | 'ZerosLike';

/** One rule for every differentiable operator: the compiler finds a missing one. */
export type OperatorRules = { readonly [Op in Exclude<Operator, NotDifferentiable>]: Rule<Op> };

export interface RuleTable extends OperatorRules {
  /** A comparison has no gradient; a table that compares two passes can attribute its change. */
  readonly Greater?: Rule<'Greater'>;
}
