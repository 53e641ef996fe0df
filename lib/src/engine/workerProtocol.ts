/** The messages between an engine and its worker thread; a model is whatever the runtime in the thread compiles. */
import type { InputErrorParts } from '../error.js';

export interface WireTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export type WireTensors = Readonly<Record<string, WireTensor>>;

/** The memory of tensors, to be transferred with a message instead of copied. */
export const buffersOf = (tensors: WireTensors): ArrayBuffer[] =>
  Object.values(tensors).flatMap(({ data: { buffer } }) => (buffer instanceof ArrayBuffer ? [buffer] : []));

export type RequestBody<Model> =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'compile';
      readonly program: number;
      readonly model: Model;
      /** {output: input} of values that stay in the thread between runs. */
      readonly loops: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'run'; readonly program: number; readonly feeds: WireTensors }
  | { readonly kind: 'writeState'; readonly program: number; readonly values: WireTensors }
  | { readonly kind: 'readState'; readonly program: number }
  | { readonly kind: 'dispose'; readonly program: number };

export type Request<Model> = RequestBody<Model> & { readonly id: number };

export interface Reply {
  readonly id: number;
  readonly result?: WireTensors;
  readonly error?: string;
  /** Of an InputError. */
  readonly refusal?: InputErrorParts;
}

/** The worker thread as an engine sees it, in this process or another. */
export interface WorkerPort {
  on(event: 'message', listener: (reply: Reply) => void): unknown;
  on(event: 'error', listener: (reason: Error) => void): unknown;
  on(event: 'exit', listener: (status: number) => void): unknown;
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): unknown;
  /** An unreferenced, idle worker does not keep the process alive. */
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}
