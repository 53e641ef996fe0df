/** Follows plans with TensorFlow.js. */
import { messageOf } from '../../error.js';
import type { Runtime, Session } from '../workerThread.js';
import { Arranged } from './arranged.js';
import { createArrangement } from './arrangement.js';
import { createImaging } from './image.js';
import type { Computed, Kernel, Kernels, TensorFlow } from './kernel.js';
import type { Plan, Step } from './plan.js';
import { createPointwise } from './pointwise.js';

/** By number. */
type Values = Map<number, Arranged>;

function pick(number: number, ...sources: readonly ReadonlyMap<number, Arranged>[]): Arranged {
  for (const source of sources) {
    const value = source.get(number);
    if (value !== undefined) return value;
  }
  throw new Error(`value ${number} of the plan was not computed`);
}

export function createTensorFlowRuntime(tf: TensorFlow): Runtime<Plan, Arranged> {
  const kernels: Kernels = { ...createPointwise(tf), ...createArrangement(tf), ...createImaging(tf) };

  function compute(step: Step, inputs: readonly Arranged[]): readonly Arranged[] {
    const call = <Op extends Computed>({ operator, attributes }: Step<Op>) => {
      const kernel: Kernel<Op> = kernels[operator];
      return kernel(inputs, attributes);
    };
    let outputs: readonly Arranged[] = [];
    try {
      tf.tidy(() => {
        const result = call(step);
        outputs = result instanceof Arranged ? [result] : result;
        // What these hold outlives the step, transposed inputs included.
        return [...inputs, ...outputs].flatMap(({ views }) => views);
      });
    } catch (thrown) {
      throw new Error(`${step.where}: ${messageOf(thrown)}`);
    }
    return outputs;
  }

  /** Adds what the steps compute to `computed`, and takes out what no later step needs; `given` stays as it is. */
  function follow(steps: readonly Step[], computed: Values, given: ReadonlyMap<number, Arranged>): void {
    for (const step of steps) {
      const inputs = step.inputs.map((number) => pick(number, computed, given));
      const results = compute(step, inputs);
      for (const [i, number] of step.outputs.entries()) computed.set(number, results[i]);
      for (const number of step.last) {
        computed.get(number)?.dispose();
        computed.delete(number);
      }
    }
  }

  async function compile({
    inputs,
    constants,
    preparation,
    steps,
    outputs,
  }: Plan): Promise<Session<Arranged>> {
    const weights: Values = new Map();
    for (const { value, data, shape, dataType } of constants) {
      weights.set(value, new Arranged(tf.tensor(data, [...shape], dataType)));
    }
    const release = (values: Values): void => {
      for (const value of values.values()) value.dispose();
    };
    follow(preparation, weights, new Map());
    return {
      async run(feeds) {
        const computed: Values = new Map();
        const given = new Map(weights);
        for (const [name, number] of Object.entries(inputs)) {
          const feed = feeds[name];
          if (feed === undefined) throw new Error(`input "${name}" is missing`);
          given.set(number, feed);
        }
        try {
          follow(steps, computed, given);
          return Object.fromEntries(
            Object.entries(outputs).map(([name, number]) => [name, pick(number, computed, given).clone()]),
          );
        } finally {
          release(computed);
        }
      },
      release: async () => release(weights),
    };
  }

  return {
    compile,
    upload: ({ data, shape }) => new Arranged(tf.tensor(data, [...shape], 'float32')),
    download(name, handle) {
      const tensor = handle.natural();
      if (tensor.dtype !== 'float32') throw new Error(`output ${name} is ${tensor.dtype}, expected float32`);
      // A copy, as plain TensorFlow.js gives its own memory, and casts integers and booleans to float32 in name only.
      return { data: Float32Array.from(tensor.dataSync()), shape: handle.shape };
    },
    free: (handle) => handle.dispose(),
  };
}
