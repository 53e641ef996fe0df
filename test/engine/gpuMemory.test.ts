/** How much of a GPU's memory an engine plans with, from what drivers tell. */
import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type GpuReadings, gpuBatch, gpuBudgets, gpuMemory } from '../../lib/src/engine/gpuMemory.js';
import { planBatch } from '../../lib/src/engine/memory.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { input } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';

const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30];
const readings = (nvidia: string, amd: readonly string[] = []): GpuReadings => ({
  nvidia: () => nvidia,
  amd: () => amd,
});

describe('memory of a GPU', () => {
  it("is what NVIDIA's driver says, of the smallest GPU", () => {
    equal(gpuMemory(readings('143771\n')), 143771 * mebibyte);
    equal(gpuMemory(readings('24576\n8192\r\n')), 8192 * mebibyte);
  });

  it("is what AMD's driver says where there is no NVIDIA GPU", () => {
    equal(gpuMemory(readings('', ['17163091968\n'])), 17163091968);
    equal(gpuMemory(readings('8192', ['17163091968\n'])), 8192 * mebibyte);
  });

  it('is not known where no driver says a number', () => {
    equal(gpuMemory(readings('')), undefined);
    equal(gpuMemory(readings('[N/A]\n', ['', 'none', '-1', '1e9'])), undefined);
    equal(gpuMemory(readings('No devices were found\n')), undefined);
  });

  it('gives an eighth to a run and half to all programs, at least what the processor has', () => {
    deepEqual(gpuBudgets(80 * gibibyte), { memoryBudget: 10 * gibibyte, memoryLimit: 40 * gibibyte });
    const processor = { memoryBudget: 384 * mebibyte, memoryLimit: 2 * gibibyte };
    deepEqual(gpuBudgets(2 * gibibyte), processor);
    deepEqual(gpuBudgets(undefined), processor);
  });

  it('is used up to 128 images, none of whose values is larger than WebGPU can bind', () => {
    const batch = (values: number, budget: number): number =>
      planBatch(createGraph({ y: relu(input('x', ['N', values])) }), { budget, ...gpuBatch });
    equal(batch(1, gibibyte), 128);
    // 4 MiB an image: 32 of them are 128 MiB.
    equal(batch(mebibyte, 18 * gibibyte), 32);
    equal(batch(mebibyte, 80 * mebibyte), 10);
    equal(batch(100 * mebibyte, gibibyte), 1);
  });
});
