/** Maps of one or several classes of one image by several methods. */

import type { Progress } from '../io/progress.js';
import type { StudiedMethod } from '../study/measure.js';
import { rows, stack, type Tensor } from '../tensor.js';
import { relevance } from './reduce.js';

export interface ClassMaps {
  readonly method: StudiedMethod;
  /** One per explained class: relevance [height x width], reduced over the bands as the paper shows the method. */
  readonly maps: readonly Float32Array[];
}

/**
 * Explains all classes in one call per method: the perturbation methods then share the network's passes among them.
 * @param input [1, bands, height, width], network input units
 * @param classes indices into the classifier's classes
 * @param progress counts one step per method, of the method's id
 */
export async function explainClasses(
  methods: readonly StudiedMethod[],
  input: Tensor,
  classes: readonly number[],
  { progress }: { readonly progress?: Pick<Progress, 'start' | 'done'> } = {},
): Promise<ClassMaps[]> {
  const images = stack(classes.map(() => input));
  const explained: ClassMaps[] = [];
  for (const method of methods) {
    progress?.start(method.id, method.name);
    const reduced = relevance(await method.explain(images, classes), method.reduction);
    explained.push({ method, maps: classes.map((_, i) => rows(reduced, i).data) });
    progress?.done();
  }
  return explained;
}
