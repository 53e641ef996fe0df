/**
 * Guided backpropagation and deconvnet: the ordinary gradient with another rule at every ReLU. As in Captum it
 * applies to ReLU only: PReLU, SiLU, GELU and other activations keep the ordinary gradient, as does ReLU6, which ONNX
 * writes as Clip.
 */
import { relu } from '../operators/activation.js';
import { multiply, sign } from '../operators/elementwise.js';
import type { RuleTable } from '../rule.js';
import { plain } from './plain.js';

/**
 * Springenberg et al., 2015: the gradient passes where both the forward value and the gradient are positive.
 * @param except names of ReLU nodes that keep the ordinary gradient, as functional ReLUs do in Captum (torchvision's
 *   DenseNet ends in one)
 */
export function guided({ except = [] }: { readonly except?: readonly string[] } = {}): RuleTable {
  return {
    ...plain,
    Relu: (rule) => {
      if (except.includes(rule.node.name)) return plain.Relu(rule);
      return [multiply(relu(rule.gradient), sign(rule.node.outputs[0]))];
    },
  };
}

/** Zeiler and Fergus, 2014: the gradient passes where it is positive, whatever the forward value. */
export const deconvnet: RuleTable = { ...plain, Relu: ({ gradient }) => [relu(gradient)] };
