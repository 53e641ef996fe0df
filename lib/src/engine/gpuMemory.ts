/** The memory of the GPU, as its driver tells it, and what of it an engine plans with. onnxruntime does not tell. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineOptions } from './engine.js';
import { defaultMemoryBudget, defaultMemoryLimit } from './memory.js';

/** Where drivers tell of memory; each is empty where there is no such driver. */
export interface GpuReadings {
  /** NVIDIA's: one line a GPU, in MiB. */
  readonly nvidia: () => string;
  /** AMD's on Linux: one text a GPU, in bytes. */
  readonly amd: () => readonly string[];
}

const systemReadings: GpuReadings = {
  nvidia() {
    try {
      const query = ['--query-gpu=memory.total', '--format=csv,noheader,nounits'];
      // A driver that has to wake the GPU takes a second or two.
      return execFileSync('nvidia-smi', query, {
        ...{ encoding: 'utf8', timeout: 10_000, windowsHide: true },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch {
      return '';
    }
  },
  amd() {
    const folder = '/sys/class/drm';
    const read = (name: string): string[] => {
      try {
        return [readFileSync(join(folder, name, 'device/mem_info_vram_total'), 'utf8')];
      } catch {
        return [];
      }
    };
    try {
      return readdirSync(folder)
        .filter((name) => /^card\d+$/.test(name))
        .flatMap(read);
    } catch {
      return [];
    }
  },
};

/**
 * Bytes of the GPU's own memory; of the smallest one where there are several, as it is not known which computes.
 * Undefined where no driver tells, as for GPUs that share the processor's memory.
 */
export function gpuMemory({ nvidia, amd }: GpuReadings = systemReadings): number | undefined {
  const sizesOf = (texts: readonly string[], unit: number): number[] =>
    texts.filter((text) => /^\s*\d{1,15}\s*$/.test(text)).map((text) => Number(text) * unit);
  const ofNvidia = sizesOf(nvidia().trim().split('\n'), 2 ** 20);
  const sizes = ofNvidia.length > 0 ? ofNvidia : sizesOf(amd(), 1);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

/**
 * An eighth of the memory for one run, half of it for all programs: the runtime rounds buffers up, keeps freed ones,
 * and is not alone. At least as much as on the processor.
 */
export function gpuBudgets(
  memory: number | undefined,
): Required<Pick<EngineOptions, 'memoryBudget' | 'memoryLimit'>> {
  return {
    memoryBudget: Math.max(defaultMemoryBudget, Math.floor((memory ?? 0) / 8)),
    memoryLimit: Math.max(defaultMemoryLimit, Math.floor((memory ?? 0) / 2)),
  };
}

/**
 * More images fill a GPU, which computes a few as fast as one. A single value stays below what every WebGPU can bind to
 * a shader (`maxStorageBufferBindingSize` is at least 128 MiB).
 */
export const gpuBatch = { limit: 128, largestValue: 128 * 2 ** 20 } as const;
