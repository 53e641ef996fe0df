/** Long loops that say how far they are and end when they are interrupted; silent where nobody listens. */

/** How far a long call is. */
export interface Report {
  /** Share of the outermost loop that is done, those inside it included: 0 to 1. */
  readonly share: number;
  /** The outermost loop of more than one step. */
  readonly done: number;
  readonly steps: number;
  /** What a step is, in the plural, for example "images". */
  readonly unit: string;
}

/** Who hears of long calls: in a notebook, the running cell. */
export interface Listener {
  /** Aborted when what is begun now shall end. */
  signal(): AbortSignal;
  /** A long call begins; what is returned hears of its steps and, at least once, of its end. */
  begin(): { readonly step: (report: Report) => void; readonly end: () => void };
}

interface Loop {
  readonly unit: string;
  readonly steps: number;
  done: number;
  readonly parent: Loop | undefined;
  readonly signal: AbortSignal;
  readonly heard: ReturnType<Listener['begin']>;
}

let listener: Listener | undefined;
let innermost: Loop | undefined;

/** Has long calls heard by one listener, or by none. */
export function listenToProgress(given: Listener | undefined): void {
  listener = given;
}

/**
 * The items one after the other, for a loop whose steps take long. Loops inside it count as parts of its steps.
 * @param unit what an item is, in the plural
 * @throws the reason of the interruption, at the step after it
 * @example for (const image of withProgress('images', images)) await explain(image);
 */
export function* withProgress<Item>(unit: string, items: readonly Item[]): Generator<Item, void> {
  if (listener === undefined) return yield* items;
  const signal = listener.signal();
  signal.throwIfAborted();
  // What an interrupted cell has left behind has nothing to do with this one.
  const parent = innermost?.signal === signal ? innermost : undefined;
  const heard = parent?.heard ?? listener.begin();
  const loop: Loop = { unit, steps: items.length, done: 0, parent, signal, heard };
  innermost = loop;
  if (parent === undefined) signal.addEventListener('abort', heard.end);
  try {
    for (const item of items) {
      yield item;
      signal.throwIfAborted();
      loop.done++;
      heard.step(reportOf(loop));
    }
  } finally {
    if (innermost === loop) innermost = parent;
    if (parent === undefined) {
      signal.removeEventListener('abort', heard.end);
      heard.end();
    }
  }
}

/** Where pieces of `size` items begin: 0, size, 2 size, … below `count`. */
export const piecesOf = (count: number, size: number): readonly number[] =>
  Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size);

function reportOf(loop: Loop): Report {
  let [share, shown] = [0, loop];
  for (let at: Loop | undefined = loop; at !== undefined; at = at.parent) {
    share = Math.min(1, (at.done + share) / at.steps);
    if (at.steps > 1) shown = at;
  }
  return { share, done: shown.done, steps: shown.steps, unit: shown.unit };
}
