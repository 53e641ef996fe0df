/** Progress below a cell: shown by long calls of themselves after two seconds, and by loops that name their steps. */
import {
  createProgress,
  duration,
  type Progress,
  type ProgressOptions,
  progressBar,
} from '../io/progress.js';
import { type Listener, listenToProgress } from '../progress.js';
import { untilInterrupted } from './cellInterruption.js';
import { createLine } from './show.js';

/** Milliseconds before a long call says anything, and between two of its lines. */
const [patience, pause] = [2000, 250];

/** Loops that show their own steps: long calls inside them say nothing. */
let shownLoops = 0;

/**
 * Shows long calls on a line each, with the time that is left, until they end.
 * @param now milliseconds
 */
export function createListener({
  now = Date.now,
  line = createLine,
  signal = untilInterrupted,
}: {
  readonly now?: () => number;
  readonly line?: () => { write(text: string): void };
  readonly signal?: () => AbortSignal;
} = {}): Listener {
  return {
    signal,
    begin() {
      const begun = now();
      const { write } = line();
      let next = begun + patience;
      let isOver = false;
      return {
        step({ share, done, steps, unit }) {
          const time = now();
          if (isOver || shownLoops > 0 || time < next || share >= 1) return;
          next = time + pause;
          const left = share > 0 ? `, about ${duration(((time - begun) * (1 - share)) / share)} left` : '';
          write(`${progressBar(share)} ${done} of ${steps} ${unit}${left}`);
        },
        end() {
          if (!isOver) write('');
          isOver = true;
        },
      };
    },
  };
}

/** In a kernel: long calls show their progress and end when the kernel is interrupted. */
export const showLongCalls = (): void => listenToProgress(createListener());

/**
 * A progress bar below the cell, with the time that is left. It vanishes when the work is done or interrupted, and the
 * next step of interrupted work is an error.
 * @param steps the kind of each step to come: the time of a step is estimated from those of its kind
 * @param cost what a step of a kind costs compared with the others, until one was timed
 * @example
 * const progress = showProgress(images.map(() => 'image'));
 * for (const [i, image] of images.entries()) {
 *   progress.start('image', `image ${i}`);
 *   await explain(classifier, image, target);
 *   progress.done();
 * }
 * progress.finish();
 */
export function showProgress(
  steps: readonly string[],
  { cost }: Pick<ProgressOptions, 'cost'> = {},
): Progress {
  const signal = untilInterrupted();
  const progress = createProgress(steps, { stream: createLine(), ...(cost && { cost }) });
  shownLoops++;
  let isOver = false;
  const finish = (): void => {
    signal.removeEventListener('abort', finish);
    if (!isOver) shownLoops--;
    isOver = true;
    progress.finish();
  };
  signal.addEventListener('abort', finish);
  return {
    start(kind, label) {
      signal.throwIfAborted();
      progress.start(kind, label);
    },
    done() {
      if (!signal.aborted) progress.done();
    },
    finish,
  };
}
