/** What an engine does: it compiles a graph and runs it. Nothing outside this folder names a runtime. */
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../tensor.js';

export type Feeds = Readonly<Record<string, Tensor>>;
export type Results = Readonly<Record<string, Tensor>>;

export interface CompileOptions {
  /**
   * Outputs that become inputs of the next run without leaving the engine: {output name: input name}.
   * Used by training, whose parameters and moments stay where they are.
   */
  readonly state?: Readonly<Record<string, string>>;
  /** What errors call the graph, for example the file that it comes from; "the network" by default. */
  readonly network?: string;
}

export interface Program {
  /** How many images one run should hold so that the engine's memory budget is kept. */
  readonly batchSize: number;
  /**
   * Runs the graph; feeds are copied, results belong to the caller. State inputs are not fed.
   * Feeds that the graph does not need are ignored.
   * @throws InputError naming the input that is missing or does not fit, or the network that the runtime cannot run.
   */
  run(feeds: Feeds): Promise<Results>;
  /** Sets state inputs, by input name. */
  writeState(values: Feeds): Promise<void>;
  /** The present state, by input name. */
  readState(): Promise<Results>;
  dispose(): Promise<void>;
}

export interface Engine {
  /** For records and messages, for example "onnxruntime 1.30.0 cpu". */
  readonly name: string;
  /** Of the processor. */
  readonly threads: number;
  /** What computes in place of the processor, for example "WebGPU". */
  readonly accelerator?: string;
  /**
   * Waits until the engine can compute; otherwise the first program does.
   * @throws InputError where it cannot be used here, with what is missing and what to do.
   */
  start(): Promise<void>;
  /** @throws InputError naming the network that the runtime refuses, here or at the program's first run. */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** Frees every program; again, it does nothing. */
  dispose(): Promise<void>;
}
