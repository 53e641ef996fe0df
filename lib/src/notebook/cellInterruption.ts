/** Interruptions of a notebook's kernel, as a signal to the work that the running cell has begun. */
import { getEventListeners, setMaxListeners } from 'node:events';
import { currentCell, showText } from './show.js';

let latest: { readonly cell: unknown; readonly controller: AbortController } | undefined;

function controllerOfCell(): AbortController {
  const cell = currentCell();
  if (latest === undefined || latest.cell !== cell) {
    const controller = new AbortController();
    // As many as there are runs under way.
    setMaxListeners(0, controller.signal);
    latest = { cell, controller };
  }
  return latest.controller;
}

function abortCell(): void {
  const controller = controllerOfCell();
  // Where nothing waits for it, the cell has ended.
  const isBusy = getEventListeners(controller.signal, 'abort').length > 0;
  const sentence = 'Interrupted. What was measured is kept: run the cell again to go on.';
  controller.abort(new Error(sentence));
  if (isBusy) showText(sentence);
}

let isListening = false;

function listen(): void {
  // Outside notebooks Ctrl+C ends the process.
  if (isListening || currentCell() === null) return;
  isListening = true;
  // Not within a cell's first, synchronous step: tslab runs it with `breakOnSigint`, for which Node takes all listeners
  // of SIGINT away and handles the signal itself. Where one is added meanwhile, Node finds the signal watched when it
  // puts the others back, although its own handler has replaced the watch: the next SIGINT would end the kernel.
  setImmediate(() => process.on('SIGINT', abortCell));
}

/**
 * A signal that the kernel's interruption aborts while the running cell is the last that was begun. tslab only lets go
 * of an interrupted cell, and would leave its work running behind the notebook's back. The next cell, and the same one
 * run again, has a signal of its own.
 */
export function untilInterrupted(): AbortSignal {
  listen();
  return controllerOfCell().signal;
}
