/** The messages between an engine and its worker thread; a model is whatever the runtime in the thread compiles. */
import type { InputErrorParts } from '../error.js';

export interface WireTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export type WireTensors = Readonly<Record<string, WireTensor>>;

/** A tensor that lies in the thread already, or one that comes with the message. */
export type WireFeed = WireTensor | { readonly held: number };
export type WireFeeds = Readonly<Record<string, WireFeed>>;

/** The memory of tensors, to be handed over in a message instead of copied; the sender has it no longer. */
export const buffersOf = (tensors: WireFeeds): ArrayBuffer[] =>
  Object.values(tensors).flatMap((tensor) => {
    const buffer = 'data' in tensor ? tensor.data.buffer : undefined;
    return buffer instanceof ArrayBuffer ? [buffer] : [];
  });

export type RequestBody<Model> =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'compile';
      readonly program: number;
      readonly model: Model;
      /** {output: input} of values that stay in the thread between runs. */
      readonly loops: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'run'; readonly program: number; readonly feeds: WireFeeds }
  | { readonly kind: 'writeState'; readonly program: number; readonly values: WireTensors }
  | { readonly kind: 'readState'; readonly program: number }
  | { readonly kind: 'dispose'; readonly program: number }
  | { readonly kind: 'hold'; readonly held: number; readonly tensor: WireTensor }
  | { readonly kind: 'free'; readonly held: number };

export type Request<Model> = RequestBody<Model> & { readonly id: number };

export interface Reply {
  readonly id: number;
  readonly result?: WireTensors;
  readonly error?: string;
  /** Of an InputError. */
  readonly refusal?: InputErrorParts;
}
