/** What stands between images of all bands and a network's output, checked against the description. */
import { failAt } from '../error.js';
import { createGraph, shapeOf, substitute } from '../graph/graph.js';
import { floats, input, type Value } from '../graph/node.js';
import { transpose } from '../graph/operators/arrangement.js';
import { conv } from '../graph/operators/convolution.js';
import { staticDimension } from '../graph/type.js';
import type { ClassifierDescription, ScoreActivation } from './classifier.js';

/** The bands that the network reads, in its order. */
export const bandsRead = ({
  bands,
  networkBands = bands,
}: Pick<ClassifierDescription, 'bands' | 'networkBands'>): readonly string[] => networkBands;

/** The logits behind a network's output, and the activation that the output shows. */
function beforeActivation(output: Value): {
  readonly logits: Value;
  readonly shown?: ScoreActivation;
} {
  let logits = output;
  while (logits.node.operator === 'Identity' || logits.node.operator === 'Dropout')
    [logits] = logits.node.inputs;
  const { operator, inputs } = logits.node;
  if (operator === 'Sigmoid') return { logits: inputs[0], shown: 'sigmoid' };
  if (operator === 'Softmax') return { logits: inputs[0], shown: 'softmax' };
  return { logits };
}

function chooseActivation(
  shown: ScoreActivation | undefined,
  declared: ScoreActivation | undefined,
  where: string,
): ScoreActivation {
  if (shown === undefined || declared === undefined || shown === declared)
    return shown ?? declared ?? 'sigmoid';
  const fail = failAt(where, `Declare activation "${shown}", or name the output that holds the logits.`);
  throw fail('the network ends in another activation than declared', declared, shown);
}

/** Checks what the network's image must agree with; returns its height and width. */
function imageSize(image: Value, description: ClassifierDescription, where: string) {
  const { classes, layout = 'NCHW', size } = description;
  const fail = failAt(where);
  const names = bandsRead(description);
  const shape = shapeOf(image);
  const sides = layout === 'NCHW' ? 'bands, height, width' : 'height, width, bands';
  if (shape.length !== 4) {
    throw fail('the network does not take images', `an input [N, ${sides}]`, `[${shape.join(', ')}]`);
  }
  const channels = layout === 'NCHW' ? 1 : 3;
  if (shape[channels] !== names.length) {
    const turned = shape[4 - channels] === names.length;
    const otherLayout = `Declare layout "${layout === 'NCHW' ? 'NHWC' : 'NCHW'}".`;
    const otherBands =
      'Give the band names of this network, in its order; where the images have more bands, as networkBands.';
    throw failAt(where, turned ? otherLayout : otherBands)(
      turned ? 'the network has another layout' : 'the network has another number of bands',
      `${names.length} bands (${names.join(' ')}) in [N, ${sides}]`,
      `an input of shape [${shape.join(', ')}]`,
    );
  }
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) {
    const expected = 'each class once, since classes are matched by name';
    throw fail('two classes have the same name', expected, JSON.stringify(twice));
  }
  const [height, width] = layout === 'NCHW' ? shape.slice(2) : shape.slice(1, 3);
  const own = [staticDimension(height, where), staticDimension(width, where)] as const;
  if (size !== undefined && size.join() !== own.join()) {
    const expected = `${size.join(' x ')} pixels`;
    throw fail('the network takes images of another size', expected, own.join(' x '));
  }
  return own;
}

function checkInput(description: ClassifierDescription, where: string): void {
  const { bands, clip, normalisation } = description;
  const fail = failAt(where);
  const names = bandsRead(description);
  const unknown = names.find((name, i) => !bands.includes(name) || names.indexOf(name) !== i);
  if (description.networkBands !== undefined && unknown !== undefined) {
    const what = 'the network reads a band that the images do not have, or one twice';
    throw fail(what, `networkBands among ${bands.join(' ')}, each once`, unknown);
  }
  const { mean, deviation } = normalisation;
  const usable =
    mean.length === names.length &&
    deviation.length === names.length &&
    mean.every(Number.isFinite) &&
    deviation.every((value) => Number.isFinite(value) && value > 0);
  if (!usable) {
    const expected = `${names.length} means and ${names.length} positive deviations (${names.join(' ')})`;
    const got = `means [${mean.join(', ')}], deviations [${deviation.join(', ')}]`;
    throw fail('the normalisation does not fit the bands', expected, got);
  }
  if (clip !== undefined && !(clip[0] < clip[1])) {
    const expected = 'clip: [low, high], low < high, in reflectance x 10,000';
    throw fail('the limits of the reflectance are not in order', expected, `[${clip.join(', ')}]`);
  }
}

/** The network fed with images [N, bands, height, width] of all bands, whatever its own input is. */
function attachImage(
  logits: Value,
  own: Value,
  [height, width]: readonly [number, number],
  { bands, networkBands, layout = 'NCHW' }: ClassifierDescription,
): { readonly image: Value; readonly logits: Value } {
  if (networkBands === undefined && layout === 'NCHW') return { image: own, logits };
  const image = input(own.node.name, ['N', bands.length, height, width]);
  const chosen = networkBands === undefined ? image : chooseBands(image, bands, networkBands);
  const fed = layout === 'NCHW' ? chosen : transpose(chosen, [0, 2, 3, 1]);
  const [attached] = substitute([logits], new Map([[own, fed]]));
  return { image, logits: attached };
}

/** A 1x1 convolution of ones and zeros, which engines and every rule know. */
function chooseBands(image: Value, bands: readonly string[], chosen: readonly string[]): Value {
  const ones = chosen.flatMap((name) => bands.map((other) => (other === name ? 1 : 0)));
  return conv(image, floats(ones, [chosen.length, bands.length, 1, 1]), { name: 'networkBands' });
}

/** A network between images of all bands and what its classes are judged by. */
export interface AttachedNetwork {
  /** ['N', bands, height, width]. */
  readonly image: Value;
  /** The output before its activation. */
  readonly output: Value;
  readonly size: readonly [height: number, width: number];
  readonly activation: ScoreActivation;
}

/**
 * Finds a network's one image, checks it against the description, and feeds it with images [N, bands, height, width].
 * @throws InputError where they do not fit
 */
export function attachNetwork(
  output: Value,
  description: ClassifierDescription,
  where: string,
): AttachedNetwork {
  const { logits: own, shown } = beforeActivation(output);
  const { inputs } = createGraph({ logits: own });
  const [ownImage] = inputs;
  if (ownImage === undefined || inputs.length !== 1) {
    const got = `${inputs.length}: ${inputs.map(({ node }) => node.name).join(', ')}`;
    throw failAt(where)('a classifier has exactly one input', undefined, got);
  }
  const activation = chooseActivation(shown, description.activation, where);
  const size = imageSize(ownImage, description, where);
  checkInput(description, where);
  const { image, logits } = attachImage(own, ownImage, size, description);
  return { image, output: logits, size, activation };
}
