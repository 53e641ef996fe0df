/** The registry's methods, bound to a classifier and a preset's parameters. */

import { InputError } from '../error.js';
import type { Classifier } from '../model/classifier.js';
import type { StudiedMethod } from '../study/measure.js';
import { type MethodOptions, methods } from './methods.js';

/**
 * @param ids the methods to bind, all where there are none; the order is the registry's
 * @throws InputError naming an id that is no method's
 */
export function studiedMethods(
  classifier: Classifier,
  options: MethodOptions,
  ids: readonly string[] = [],
): readonly StudiedMethod[] {
  const known = methods.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    const expected = known.join(', ');
    throw new InputError({ what: 'no such method', where: 'method id', expected, got: `"${unknown}"` });
  }
  return methods
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .map(({ id, name, reduction, create, passes }) => ({
      ...{ id, name, reduction, passes: passes(classifier, options.preset) },
      explain: create(classifier, options),
    }));
}

/** One method by its id; InputError where there is none. */
export function studiedMethod(classifier: Classifier, options: MethodOptions, id: string): StudiedMethod {
  return studiedMethods(classifier, options, [id])[0];
}
