/** The registry's methods, bound to a classifier and a preset's parameters. */
import { type MethodOptions, methods } from '../attribution/methods.js';
import { InputError } from '../error.js';
import type { Classifier } from '../model/classifier.js';
import type { StudiedMethod } from './measure.js';

/** @param ids the methods to bind, all by default; the order is the registry's */
export function studiedMethods(
  classifier: Classifier,
  options: MethodOptions,
  ids: readonly string[] = methods.map(({ id }) => id),
): readonly StudiedMethod[] {
  return methods
    .filter(({ id }) => ids.includes(id))
    .map(({ id, name, reduction, create }) => ({
      ...{ id, name, reduction },
      explain: create(classifier, options),
    }));
}

/** One method by its id; InputError where there is none. */
export function studiedMethod(classifier: Classifier, options: MethodOptions, id: string): StudiedMethod {
  const [method] = studiedMethods(classifier, options, [id]);
  if (method !== undefined) return method;
  const expected = methods.map((known) => known.id).join(', ');
  throw new InputError({ what: 'no such method', where: 'METHOD', expected, got: `"${id}"` });
}
