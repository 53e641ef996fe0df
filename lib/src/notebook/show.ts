/** Shows figures, tables and progress in a notebook of the tslab kernel. */
import { createRequire } from 'node:module';
import { failAt } from '../error.js';
import type { PlotlyFigure } from '../figure/plotly.js';
import { renderPng } from '../figure/staticImage.js';
import { completeFigure } from '../figure/theme.js';
import { type Table, type TableOptions, tableHtml, tableText } from './table.js';

/** The forms of one output, by MIME type; pictures in base64. */
type Bundle = Readonly<Record<string, unknown>>;

interface DisplayMessage {
  readonly data: Bundle;
  readonly metadata: Bundle;
  readonly transient: { readonly display_id?: string };
}

/** The part of tslab that sends an output; its public `display` sends one MIME type at a time. */
interface Kernel {
  readonly lastWriteDisplayData: ((message: DisplayMessage, update: boolean) => void) | null;
}

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'object' && value !== null && 'lastWriteDisplayData' in value;
}

/** The sender of the cell's outputs in the kernel that runs this process, found among the modules that are loaded. */
function findSender(): Kernel['lastWriteDisplayData'] {
  const { cache } = createRequire(import.meta.url);
  const path = Object.keys(cache).find((name) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(name));
  const kernel: unknown = path === undefined ? undefined : cache[path]?.exports;
  return isKernel(kernel) ? kernel.lastWriteDisplayData : null;
}

/** An identity of the running cell, a new one for each run of a cell; null outside notebooks. */
export const currentCell = (): unknown => findSender();

function requireSender(): NonNullable<Kernel['lastWriteDisplayData']> {
  const send = findSender();
  if (send !== null) return send;
  throw failAt('landlens', 'Outside notebooks, renderPng(figure) makes a picture.')(
    'there is no notebook to show this in',
    'a cell of a notebook in the tslab kernel',
    'another process',
  );
}

function send(
  data: Bundle,
  {
    id,
    update = false,
    metadata = {},
  }: { readonly id?: string; readonly update?: boolean; readonly metadata?: Bundle } = {},
): void {
  requireSender()({ data, metadata, transient: { ...(id !== undefined && { display_id: id }) } }, update);
}

/**
 * Shows a figure of Plotly, in one output: interactive in JupyterLab and VS Code, a picture elsewhere (GitHub, a
 * printed page).
 * @param figure traces and layout as Plotly's documentation has them; beneath the layout lie landlens's fonts, colours
 *   and margins, and a size of 850 x 420 pixels
 * @param scale pixels of the picture per pixel of the figure
 * @example
 * await show({
 *   data: [{ type: 'bar', x: ['forest', 'water'], y: [3, 5] }],
 *   layout: { title: { text: 'Images by class' }, yaxis: { title: { text: 'images' } } },
 * });
 */
export async function show(
  figure: PlotlyFigure,
  { scale = 1 }: { readonly scale?: number } = {},
): Promise<void> {
  const { data, layout, description } = completeFigure(figure);
  const png = await renderPng({ data, layout }, { scale });
  const config = { responsive: false, displaylogo: false };
  send(
    {
      'application/vnd.plotly.v1+json': { data, layout, config },
      'image/png': Buffer.from(png).toString('base64'),
      'text/plain': description,
    },
    { metadata: { 'image/png': { alt: description } } },
  );
}

/**
 * Shows a table, such as a danfojs DataFrame, as HTML and as text.
 * @example showTable(new dfd.DataFrame(rows), { caption: 'Scores', decimals: 3 });
 */
export function showTable(table: Table, options: TableOptions = {}): void {
  send({ 'text/html': tableHtml(table, options), 'text/plain': tableText(table, options) });
}

/** Shows one or several lines of text. */
export function showText(...lines: readonly string[]): void {
  send({ 'text/plain': lines.join('\n') });
}

let lines = 0;

/**
 * A line of text that is replaced where it stands, and that vanishes at the end: the stream of a progress bar. The
 * runner of the notebooks drops the empty output that is left.
 */
export function createLine(): { readonly isTTY: true; write(text: string): void } {
  const id = `landlens-line-${process.pid}-${lines++}`;
  let isShown = false;
  return {
    isTTY: true,
    write(text) {
      // A progress bar returns to the start of its line before each text, and ends the line when it is finished.
      const line = text.replace(/^\r/, '').replace(/\n$/, '').trimEnd();
      if (line === '' && !isShown) return;
      send({ 'text/plain': line }, { id, update: isShown });
      isShown = true;
    },
  };
}
