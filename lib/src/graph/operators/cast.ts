/** Change of the element type. */
import { apply, type Value } from '../node.js';
import type { DataType } from '../type.js';

export const cast = (x: Value, to: DataType): Value =>
  x.type.dataType === to ? x : apply('Cast', [x], { to });
