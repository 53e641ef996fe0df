/** The interruption of a notebook's kernel, as a signal for what the running cell has begun. */
import { currentCell } from '../figure/display.js';

let latest: { readonly cell: unknown; readonly controller: AbortController } | undefined;

function controllerOfCell(): AbortController {
  const cell = currentCell();
  if (latest === undefined || latest.cell !== cell) latest = { cell, controller: new AbortController() };
  return latest.controller;
}

const abortCell = (): void =>
  controllerOfCell().abort(new Error('Interrupted. What was measured is kept: run the cell again to go on.'));

/**
 * A signal that the kernel's interruption aborts while the running cell is the last that was begun. tslab only lets go
 * of an interrupted cell, and would leave its work running behind the notebook's back. The next cell, and the same one
 * run again, has a signal of its own.
 */
export function untilInterrupted(): AbortSignal {
  // Outside notebooks Ctrl+C ends the process.
  if (currentCell() !== null && !process.listeners('SIGINT').includes(abortCell)) {
    process.on('SIGINT', abortCell);
  }
  return controllerOfCell().signal;
}
