/** What the gradient methods share: one derived graph per method, run over images and targets. */
import { requireFinite, requireShape } from '../check.js';
import { runBatched } from '../engine/runBatched.js';
import { differentiate } from '../graph/differentiate.js';
import { shapeOf, substitute } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { add } from '../graph/operators/elementwise.js';
import type { RuleTable } from '../graph/rule.js';
import { plain } from '../graph/rules/plain.js';
import type { Classifier } from '../model/classifier.js';
import { stack, type Tensor } from '../tensor.js';
import {
  createExplain,
  type Explain,
  type MethodFacts,
  type ParameterValue,
  type Target,
} from './attribution.js';
import { combinations, deviationMatrix, momentsGraph } from './moments.js';
import { targetWeights } from './target.js';

/** The gradient of sum(logits x target) towards some values, and the fed target weights ['N', classes]. */
export function logitGradients(
  { logits }: Pick<Classifier, 'logits'>,
  wrt: readonly Value[],
  { rules = plain, target = targetInput(logits) }: { rules?: RuleTable; target?: Value } = {},
): Value[] {
  return differentiate(logits, wrt, target, { rules });
}

export const targetInput = (logits: Value): Value => input('target', ['N', ...shapeOf(logits).slice(1)]);

/** Checks images [n, bands, height, width] and targets; returns the target weights [n, classes]. */
export function checkedTargets(
  { name, bands, size, classes }: Pick<Classifier, 'name' | 'bands' | 'size' | 'classes'>,
  images: Tensor,
  targets: readonly Target[],
): Tensor {
  requireShape(images.shape, [targets.length, bands.length, ...size], 'images');
  requireFinite(images.data, 'images');
  return targetWeights(targets, { name, classes });
}

export interface GraphDefinition extends MethodFacts {
  /** Of the compiled program; default: the method with its parameters. */
  readonly key?: string;
  /** The attribution ['N', bands or 1, height, width] as a value of a graph over the classifier's image and "target". */
  readonly build: () => Value;
}

/** A method that is one graph from images and targets to attributions. */
export function explainByGraph(
  classifier: Classifier,
  { key: givenKey, build, ...facts }: GraphDefinition,
): Explain {
  const key = givenKey ?? programKey(facts.method, facts.parameters);
  const { image } = classifier;

  const explain = createExplain(facts, async (images, targets) => {
    const target = checkedTargets(classifier, images, targets);
    const program = await classifier.program(key, () => ({ values: build() }));
    const { values } = await runBatched(program, { [image.node.name]: images, target });
    return { values };
  });

  const momentsOverNoise = () => {
    const rest = shapeOf(image).slice(1);
    const noisy = add(input('one image', [1, ...rest]), input('noise', ['N', ...rest]));
    const [values] = substitute([build()], new Map([[image, noisy]]));
    return momentsGraph(values);
  };
  const overNoise: Explain['overNoise'] = async (one, given) => {
    const weights = checkedTargets(classifier, one, [given]);
    const program = await classifier.program(`${key} over noise`, momentsOverNoise);
    return {
      batchSize: program.batchSize,
      async evaluate(noise, design) {
        const [copies] = noise.shape;
        const target = stack(new Array<Tensor>(copies).fill(weights));
        const deviations = deviationMatrix(copies, design);
        const feeds = { 'one image': one, noise, target, [combinations]: deviations };
        const { sum, squares, pixelSquares } = await program.run(feeds);
        return { moments: { copies, evaluations: copies, sum, squares, pixelSquares }, facts };
      },
    };
  };
  return Object.assign(explain, { overNoise });
}

/** Methods with equal parameters share one compiled program. */
export const programKey = (method: string, parameters: Readonly<Record<string, ParameterValue>>): string =>
  `${method} ${JSON.stringify(parameters)}`;
