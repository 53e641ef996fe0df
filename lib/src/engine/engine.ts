/** The interface of an engine, which compiles graphs and runs them. Only this folder names a runtime. */
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../tensor.js';

export type Feeds = Readonly<Record<string, Tensor>>;
export type Results = Readonly<Record<string, Tensor>>;

export interface CompileOptions {
  /**
   * Outputs that become inputs of the next run without leaving the engine: {output name: input name}. Training uses
   * it to keep parameters and moments in the engine.
   */
  readonly state?: Readonly<Record<string, string>>;
  /** Name of the graph in errors, for example its file (default: "the network"). */
  readonly network?: string;
}

export interface Program {
  /** Images per run that keep the engine's memory budget. */
  readonly batchSize: number;
  /**
   * Runs the graph; feeds are copied, results belong to the caller. State inputs are not fed. Feeds that the graph
   * does not need are ignored.
   * @throws InputError naming the input if it is missing or does not fit, or the network if the runtime cannot run it
   */
  run(feeds: Feeds): Promise<Results>;
  /** Sets state inputs, by input name. */
  writeState(values: Feeds): Promise<void>;
  /** The current state, by input name. */
  readState(): Promise<Results>;
  dispose(): Promise<void>;
}

export interface Engine {
  /** Runtime, version and device for records and messages, for example "onnxruntime 1.30.0 cpu". */
  readonly name: string;
  /** Threads of the processor that one operator uses. */
  readonly threads: number;
  /** The device that computes instead of the processor, for example "WebGPU". */
  readonly accelerator?: string;
  /**
   * Waits until the engine can compute; without it the first program waits.
   * @throws InputError if the engine cannot be used here, with what is missing and what to do
   */
  start(): Promise<void>;
  /** @throws InputError naming the network if the runtime refuses it, here or at the program's first run */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** Frees every program. Further calls do nothing. */
  dispose(): Promise<void>;
}

/** Options of every engine. */
export interface EngineOptions {
  /** Threads per operator on the processor (default: all cores). */
  readonly threads?: number;
  /**
   * Bytes for the intermediate values of one run, without weights (default: 384 MiB; an eighth of the memory of a GPU
   * where its driver tells it and that is more).
   */
  readonly memoryBudget?: number;
  /**
   * Bytes for all compiled programs together, weights and intermediate values (default: 2 GiB; half of the memory of a
   * GPU where its driver tells it and that is more). The least recently used ones are released first and compiled again when needed.
   */
  readonly memoryLimit?: number;
}
