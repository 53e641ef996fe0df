/** The messages between the engine and its worker thread. */

export interface WireTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

type WireTensors = Readonly<Record<string, WireTensor>>;

export type RequestBody =
  | {
      readonly kind: 'compile';
      readonly program: number;
      readonly model: Uint8Array;
      readonly threads: number;
      readonly loops: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'run'; readonly program: number; readonly feeds: WireTensors }
  | { readonly kind: 'writeState'; readonly program: number; readonly values: WireTensors }
  | { readonly kind: 'readState'; readonly program: number }
  | { readonly kind: 'dispose'; readonly program: number };

export type Request = RequestBody & { readonly id: number };

export interface Reply {
  readonly id: number;
  readonly result?: WireTensors;
  readonly error?: string;
}
