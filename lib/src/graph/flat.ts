/** Operators whose outputs are piecewise constant: no gradient flows through them. */
import type { Node } from './node.js';

/** Shapes, positions, truth values and whole numbers, computed by the engine. */
const passedThrough = new Set(
  (
    'Shape Size ArgMax ArgMin NonZero Floor Ceil Round Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not ' +
    'IsNaN IsInf'
  ).split(' '),
);

export function isFlat(node: Node): boolean {
  switch (node.operator) {
    case 'Greater':
    case 'Sign':
    case 'Mod':
    case 'ZerosLike':
      return true;
    case 'Cast':
      return !node.attributes.to.startsWith('float');
    case 'Opaque':
      return node.attributes.domain === '' && passedThrough.has(node.attributes.operator);
    default:
      return false;
  }
}
