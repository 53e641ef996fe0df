/** What both sides can be asked to do once, and the messages that ask for it. */
import type { TensorFile } from './tensorFile.js';

export const networkNames = ['densenet121', 'resnet50', 'small'] as const;
export type NetworkName = (typeof networkNames)[number];
/** Those that are measured unless others are asked for. */
export const benchmarkNetworks: readonly NetworkName[] = ['densenet121', 'resnet50'];

/** What a method takes; batch sizes are Captum's alone, tolerance and repetition landlens' alone. */
export interface Parameters {
  /** Noisy copies of SmoothGrad, or perturbed images of LIME. */
  readonly samples?: number;
  /** Points of Integrated Gradients. */
  readonly steps?: number;
  /** Occlusion, in pixels. */
  readonly window?: number;
  readonly stride?: number;
  /** In place of samples and steps: the relative error, reached by the cheapest of the method's ways. */
  readonly tolerance?: number;
  /** Other random numbers for each; Captum's are never the same. */
  readonly repetition?: number;
  /** nt_samples_batch_size */
  readonly noiseBatch?: number;
  /** internal_batch_size */
  readonly internalBatch?: number;
  /** perturbations_per_eval */
  readonly perturbations?: number;
}

interface MethodTask {
  readonly method: string;
  readonly parameters: Parameters;
}

export type Task =
  | { readonly kind: 'forward' | 'gradient'; readonly batch: number }
  | { readonly kind: 'training'; readonly batch: number; readonly rate: number }
  /** With `feed`, Captum gets landlens' random numbers and landlens takes as few samples as were fed. */
  | ({ readonly kind: 'explain'; readonly feed: boolean } & MethodTask)
  /** One image, classes 0 to count - 1. */
  | ({ readonly kind: 'targets'; readonly count: number } & MethodTask)
  | ({
      readonly kind: 'sensitivity';
      readonly draws: number;
      readonly feed: boolean;
      /** max_examples_per_batch; null is Captum's default. */
      readonly examples: number | null;
    } & MethodTask)
  | { readonly kind: 'morf'; readonly fraction: number; readonly batch: number };

/** Loads a network and everything that tasks need; what was loaded before is dropped. */
export interface OpenMessage {
  readonly command: 'open';
  readonly network: NetworkName;
  readonly size: number;
  readonly classes: number;
  readonly target: number;
  /** Of Max-Sensitivity, network input units. */
  readonly radius: number;
  readonly seed: number;
  readonly arrays: TensorFile;
  readonly weights: TensorFile;
}

export interface RunMessage {
  readonly command: 'run';
  readonly task: Task;
  /** File for what the task returned. */
  readonly keep?: string;
  /** Gives freed memory back to the system first, so that the peak is this task's own; slower. */
  readonly fresh?: boolean;
}

/** A run's answer. */
export interface Timing {
  /** Of the task alone. */
  readonly seconds: number;
  /** Memory of the process before the task and at most, in bytes; 0 where the system does not tell. */
  readonly start: number;
  readonly peak: number;
  /** Gradients or forward passes, where landlens says how many it took. */
  readonly evaluations?: number;
  readonly result?: TensorFile['entries'][number];
}
