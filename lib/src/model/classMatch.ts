/** Classes are matched by name: a network's outputs may stand in another order than a data set's labels, or be others. */
import { failAt } from '../error.js';

/** What has classes: a classifier, by its outputs, or a data set, by its labels. */
interface WithClasses {
  readonly name: string;
  readonly classes: readonly string[];
}

/**
 * The index of a class by its name: into a classifier's outputs, or into a data set's labels.
 * @throws InputError where there is no such class
 */
export function indexOfClass(name: string, { name: owner, classes }: WithClasses, where = owner): number {
  const index = classes.indexOf(name);
  if (index >= 0) return index;
  throw failAt(where)(`${owner} has no such class`, `one of ${classes.join('; ')}`, `"${name}"`);
}

/**
 * Class indices of the one (labels of a patch, say) as indices into the classes of the other; those that it lacks are
 * left out.
 * @example translateClasses(patch.labels, dataset, classifier) // the labels as the network's outputs
 */
export function translateClasses(
  indices: readonly number[],
  from: Pick<WithClasses, 'classes'>,
  to: Pick<WithClasses, 'classes'>,
): readonly number[] {
  return indices.map((index) => to.classes.indexOf(from.classes[index])).filter((index) => index >= 0);
}

/** The classes that both know, as indices into the first's, ascending. */
export function sharedClasses(
  { classes }: Pick<WithClasses, 'classes'>,
  other: Pick<WithClasses, 'classes'>,
): readonly number[] {
  return [...classes.keys()].filter((index) => other.classes.includes(classes[index]));
}
