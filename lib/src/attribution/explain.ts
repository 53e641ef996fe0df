/** The one path from an image, targets and methods to relevance maps. */
import type { Patch } from '../dataset/patch.js';
import { failAt } from '../error.js';
import type { Classifier } from '../model/classifier.js';
import { indexOfClass } from '../model/classMatch.js';
import { withProgress } from '../progress.js';
import { rows, stack, type Tensor } from '../tensor.js';
import { type Attribution, type Method, type Target, type Targets, targetPerImage } from './attribution.js';
import { type Preset, methods as registry } from './methods.js';
import { relevance } from './reduce.js';
import { uncertaintyAt } from './uncertainty.js';

export interface BindOptions {
  /** Parameters of the registry's methods, see `Preset`. Default: "quick". */
  readonly preset?: Preset;
  /** Of noise, superpixel samples and whatever else is drawn, an integer from 0. Default: 0. */
  readonly seed?: number;
}

export interface ExplainOptions extends BindOptions {
  /** Ids of the registry's methods ("grad-cam"), or methods of your own. Default: the twelve of the paper's Table 3. */
  readonly methods?: readonly (string | Method)[];
  /** Told of each method before and after it runs. */
  readonly progress?: {
    start(kind: string, label: string): void;
    done(): void;
  };
}

/** One map: of one method, for one target. */
export interface Explanation {
  readonly method: Method;
  readonly target: ExplainedTarget;
  /** Relevance [height, width], as the paper shows the method. */
  readonly map: Tensor;
  /** What the map was made of, [1, bands or 1, height, width]. */
  readonly attribution: Attribution;
}

export interface ExplainedTarget {
  /** As it was asked for. */
  readonly target: Target;
  /** The class's name, or the names and weights of several. */
  readonly name: string;
  /** Index into the classifier's classes, where the target is one class. */
  readonly index?: number;
}

/**
 * Methods bound to a classifier and parameters, in the order given.
 * @param methods ids of the registry's methods, or methods of your own; default: all of the registry
 * @throws InputError for an unknown id, or one given twice
 * @example const [gradCam] = bindMethods(classifier, ['grad-cam'], { preset: 'paper' });
 */
export function bindMethods(
  classifier: Classifier,
  methods: readonly (string | Method)[] = registry.map(({ id }) => id),
  { preset = 'quick', seed = 0 }: BindOptions = {},
): readonly Method[] {
  const ids = methods.map((method) => (typeof method === 'string' ? method : method.id));
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) {
    const expected = 'each method once';
    throw failAt('methods')('a method is named twice', expected, `"${twice}"`);
  }
  return methods.map((method) => {
    if (typeof method !== 'string') return method;
    const found = registry.find(({ id }) => id === method);
    if (found === undefined) {
      const expected = registry.map(({ id }) => id).join(', ');
      throw failAt('method id')('no such method', expected, `"${method}"`);
    }
    const { id, name, abbreviation, reduction } = found;
    const passes = found.passes(classifier, preset);
    return { id, name, abbreviation, reduction, passes, explain: found.create(classifier, { preset, seed }) };
  });
}

/**
 * Explains one image for one or several targets by several methods. All targets of a method are explained in one call, so
 * that the perturbation methods share the network's passes among them.
 * @param image a patch, or a tensor [bands, height, width] or [1, bands, height, width] in network input units
 * @param targets one target, or an array of them (a set of classes is `[[1, 2]]`)
 * @returns method by method, target by target
 * @throws InputError where the image does not fit the classifier, or for an unknown class or method
 * @example
 * const maps = await explain(classifier, patch, ['Urban fabric', 'Pastures'], { methods: ['grad-cam', 'lime'] });
 * await show(mapPanels(maps.map(({ method, target, map }) => ({ title: `${method.name}, ${target.name}`, map }))));
 */
export async function explain(
  classifier: Classifier,
  image: Patch | Tensor,
  targets: Targets,
  { methods, preset = 'quick', seed = 0, progress }: ExplainOptions = {},
): Promise<readonly Explanation[]> {
  const bound = bindMethods(classifier, methods, { preset, seed });
  const input = inputOf(classifier, image);
  const asked = targetPerImage(targets, 1);
  const explanations: Explanation[] = [];
  for (const method of withProgress('methods', bound)) {
    progress?.start(method.id, method.name);
    const explained = await explainTargets(method, input, asked);
    for (const [i, target] of asked.entries()) {
      explanations.push({ method, target: describeTarget(target, classifier), ...explained[i] });
    }
    progress?.done();
  }
  return explanations;
}

/**
 * One image explained by one method for several targets at once, so that a perturbation method runs the network once
 * for all of them.
 * @param input [1, bands, height, width], network input units
 * @returns target by target: the attribution, and its map [height, width]
 */
export async function explainTargets(
  method: Pick<Method, 'explain' | 'reduction'>,
  input: Tensor,
  targets: readonly Target[],
): Promise<readonly Pick<Explanation, 'map' | 'attribution'>[]> {
  const whole = await method.explain(stack(targets.map(() => input)), targets);
  const maps = relevance(whole, method.reduction);
  return targets.map((_, i) => {
    const { data, shape } = rows(maps, i);
    return { map: { data, shape: shape.slice(1) }, attribution: attributionAt(whole, i) };
  });
}

/** Network input [1, bands, height, width]. */
function inputOf(classifier: Classifier, image: Patch | Tensor): Tensor {
  if ('image' in image) return classifier.prepare(image);
  return image.shape.length === 3 ? { data: image.data, shape: [1, ...image.shape] } : image;
}

function attributionAt({ completenessGap, uncertainty, ...whole }: Attribution, i: number): Attribution {
  return {
    ...whole,
    values: rows(whole.values, i),
    targets: [whole.targets[i]],
    ...(completenessGap && { completenessGap: [completenessGap[i]] }),
    ...(uncertainty && { uncertainty: uncertaintyAt(uncertainty, i) }),
  };
}

function describeTarget(target: Target, classifier: Classifier): ExplainedTarget {
  const { classes } = classifier;
  if (typeof target === 'string') return { target, name: target, index: indexOfClass(target, classifier) };
  if (typeof target === 'number') return { target, name: classes[target], index: target };
  if ('weights' in target) {
    const weighed = target.weights.flatMap((weight, i) => (weight === 0 ? [] : [`${weight} ${classes[i]}`]));
    return { target, name: weighed.join(' + ') };
  }
  return { target, name: target.map((index) => classes[index]).join(' + ') };
}
