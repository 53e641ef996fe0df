/** What landlens does for each task, as a function without arguments that is timed from outside. */
import type { Explain } from 'landlens/attribution/attribution';
import { deepLift } from 'landlens/attribution/deepLift';
import { gradCam } from 'landlens/attribution/gradCam';
import { guidedBackpropagation } from 'landlens/attribution/guidedBackpropagation';
import { guidedGradCam } from 'landlens/attribution/guidedGradCam';
import { inputXGradient } from 'landlens/attribution/inputXGradient';
import { integratedGradients } from 'landlens/attribution/integratedGradients';
import { lime } from 'landlens/attribution/lime';
import { occlusion } from 'landlens/attribution/occlusion';
import { saliency } from 'landlens/attribution/saliency';
import { smoothGrad } from 'landlens/attribution/smoothGrad';
import { smoothIntegratedGradients } from 'landlens/attribution/smoothIntegratedGradients';
import { sentinel2Bands } from 'landlens/dataset/patch';
import type { Engine } from 'landlens/engine/engine';
import { morfCurve } from 'landlens/metric/faithfulness/morf';
import { maxSensitivity } from 'landlens/metric/robustness/maxSensitivity';
import type { Classifier } from 'landlens/model/classifier';
import { createClassifier } from 'landlens/model/createClassifier';
import type { Weights } from 'landlens/model/layers';
import { rows, stack, type Tensor } from 'landlens/tensor';
import { correctedRate } from 'landlens/training/adam';
import { createTrainingStep, flatten, layoutOf } from 'landlens/training/trainingStep';
import { architectures, networkGraph } from './networks.js';
import { fed, paperParameters, smoothDeviation } from './subject.js';
import type { OpenMessage, Parameters, Task } from './task.js';
import { tensorNamed } from './tensorFile.js';

export interface OurSubject {
  readonly message: OpenMessage;
  readonly classifier: Classifier;
  readonly engine: Engine;
  readonly weights: Weights;
  readonly arrays: ReadonlyMap<string, Tensor>;
}

/** A task that is ready to run, as often as asked. */
export interface Prepared {
  readonly run: () => Promise<Tensor & { readonly evaluations?: number }>;
  readonly dispose?: () => Promise<void>;
}

export function openSubject(
  message: OpenMessage,
  engine: Engine,
  arrays: ReadonlyMap<string, Tensor>,
  weights: Weights,
): OurSubject {
  const { network, size, classes } = message;
  const { name, featureLayer } = architectures[network];
  const description = {
    ...{ name, featureLayer, bands: sentinel2Bands },
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    normalisation: { mean: sentinel2Bands.map(() => 0), deviation: sentinel2Bands.map(() => 1) },
  };
  const { logits } = networkGraph(network, weights, size).outputs;
  const classifier = createClassifier(logits, description, engine, { hash: 'benchmark' });
  return { message, classifier, engine, weights, arrays };
}

function createExplain({ classifier, message }: OurSubject, id: string, given: Parameters): Explain {
  const { segments } = paperParameters(message.size);
  const { samples = fed.noise, steps, window = 1, stride = 1, tolerance, repetition = 0 } = given;
  const [seed, deviation] = [message.seed + repetition, smoothDeviation];
  const smooth = (explain: Explain) =>
    smoothGrad(explain, {
      ...{ seed, deviation },
      ...(tolerance === undefined ? { samples } : { tolerance, noise: 'antithetic' }),
    });
  const path = () =>
    integratedGradients(classifier, {
      ...(steps !== undefined && { steps }),
      ...(tolerance !== undefined && { tolerance, quadrature: 'midpoint' }),
    });
  const methods: Readonly<Record<string, () => Explain>> = {
    saliency: () => saliency(classifier),
    'saliency-sg': () => smooth(saliency(classifier)),
    'input-x-gradient': () => inputXGradient(classifier),
    'input-x-gradient-sg': () => smooth(inputXGradient(classifier)),
    'integrated-gradients': path,
    'integrated-gradients-sg': () =>
      tolerance === undefined
        ? smooth(path())
        : smoothIntegratedGradients(classifier, { tolerance, deviation, seed }),
    'guided-backpropagation': () => guidedBackpropagation(classifier),
    'grad-cam': () => gradCam(classifier),
    'guided-grad-cam': () => guidedGradCam(classifier),
    // Captum's rule for max pooling is the plain gradient's.
    deeplift: () => deepLift(classifier, { maxPool: 'plain' }),
    occlusion: () => occlusion(classifier, { window: [window, window], stride: [stride, stride] }),
    lime: () =>
      lime(classifier, {
        ...{ segments, seed },
        // The fit of few samples goes without the penalty, which would be a bias.
        ...(tolerance === undefined
          ? { samples: given.samples ?? fed.bits }
          : { tolerance, bits: 'paired', alpha: 0 }),
      }),
  };
  const create = methods[id];
  if (create === undefined) throw new Error(`no method ${id}`);
  return create();
}

function createTraining({ message, weights, engine, arrays }: OurSubject, batch: number, rate: number) {
  const { network, size, classes } = message;
  const layout = layoutOf(weights);
  const images = tensorNamed(arrays, 'images');
  const options = { bands: images.shape[1], classes, size, batch };
  const { graph, state } = createTrainingStep(architectures[network], layout, options);
  const compiled = engine.compile(graph, { state }).then(async (program) => {
    await program.writeState(flatten(weights, layout));
    return program;
  });
  const image = rows(images, 0, batch);
  const labels = rows(tensorNamed(arrays, 'training labels'), 0, batch);
  let updates = 0;
  return {
    async run() {
      updates++;
      const corrected = { data: Float32Array.of(correctedRate(rate, updates)), shape: [] };
      const { loss } = await (await compiled).run({ image, labels, rate: corrected });
      return { data: loss.data, shape: [1] };
    },
    dispose: async () => (await compiled).dispose(),
  };
}

export function prepareTask(subject: OurSubject, task: Task): Prepared {
  const { classifier, arrays, message } = subject;
  const { target, seed, radius } = message;
  const images = tensorNamed(arrays, 'images');
  const image = rows(images, 0);
  const fill = <Item>(count: number, item: Item): Item[] => new Array<Item>(count).fill(item);
  switch (task.kind) {
    case 'forward': {
      const batch = rows(images, 0, task.batch);
      const name = classifier.image.node.name;
      return {
        async run() {
          const program = await classifier.program('logits', () => ({ logits: classifier.logits }));
          return (await program.run({ [name]: batch })).logits;
        },
      };
    }
    case 'gradient': {
      const explain = saliency(classifier, { absolute: false });
      const batch = rows(images, 0, task.batch);
      return { run: async () => (await explain(batch, fill(task.batch, target))).values };
    }
    case 'training':
      return createTraining(subject, task.batch, task.rate);
    case 'explain': {
      const explain = createExplain(subject, task.method, task.parameters);
      return {
        async run() {
          const { values, uncertainty } = await explain(image, [target]);
          return { ...values, ...(uncertainty && { evaluations: uncertainty.evaluations[0] }) };
        },
      };
    }
    case 'targets': {
      const explain = createExplain(subject, task.method, task.parameters);
      const copies = stack(fill(task.count, image));
      const targets = Array.from({ length: task.count }, (_, i) => i);
      return { run: async () => (await explain(copies, targets)).values };
    }
    case 'sensitivity': {
      const explain = createExplain(subject, task.method, task.parameters);
      const options = { draws: task.draws, radius, seed };
      return {
        async run() {
          const values = await maxSensitivity(explain, image, [target], options);
          return { data: Float32Array.from(values), shape: [1] };
        },
      };
    }
    case 'morf': {
      const ranking = Uint32Array.from(tensorNamed(arrays, 'ranking').data);
      const [, ...shape] = image.shape;
      const score = async (perturbed: Tensor): Promise<number[]> => {
        const { data } = await classifier.score(perturbed);
        return Array.from({ length: perturbed.shape[0] }, (_, i) => data[i * message.classes + target]);
      };
      return {
        async run() {
          const { fraction } = task;
          const { scores } = await morfCurve(score, { data: image.data, shape }, ranking, { fraction });
          return { data: Float32Array.from(scores), shape: [scores.length] };
        },
      };
    }
  }
}

/** The class with the highest logit of the first image whose Grad-CAM map is not all zeros. */
export async function chooseTarget(subject: OurSubject): Promise<number> {
  const { classifier, arrays } = subject;
  const image = rows(tensorNamed(arrays, 'images'), 0);
  const { data } = await classifier.score(image);
  const explain = gradCam(classifier);
  for (const target of [...data.keys()].sort((a, b) => data[b] - data[a])) {
    const { values } = await explain(image, [target]);
    if (values.data.some((value) => value > 0)) return target;
  }
  throw new Error('Grad-CAM finds nothing for any class');
}
