/** A figure as data: what Plotly draws, with the size that it is drawn at. */
import { htmlText, oneLine } from '../text.js';

/** A trace of plotly.js, as its schema has it; numbers may be packed with `pack`. */
export type Trace = Readonly<Record<string, unknown>>;

/** Any figure as one writes it for Plotly: traces and a layout, of which everything may be left out. */
export interface PlotlyFigure {
  readonly data: readonly object[];
  readonly layout?: object;
  /** What the figure shows, in words; default: its titles and the names of its axes and traces. */
  readonly description?: string;
}

/** A figure with the size that it is drawn at and its alternative text. */
export interface Figure extends PlotlyFigure {
  readonly data: readonly Trace[];
  readonly layout: Readonly<Record<string, unknown>> & {
    /** Pixels. */
    readonly width: number;
    /** Pixels. */
    readonly height: number;
  };
  /** What the figure shows, in words: its text form and alternative text. */
  readonly description: string;
}

/** Numbers as plotly.js reads them from base64: a quarter of the size of the same numbers as decimal text. */
export interface PackedNumbers {
  readonly dtype: 'i1' | 'i2' | 'f4';
  readonly bdata: string;
  /** Rows, columns; absent for a single row. */
  readonly shape?: string;
}

/** Packs a row of numbers, or a row-major matrix of `rows` rows. */
export function pack(values: Int8Array | Int16Array | Float32Array, rows?: number): PackedNumbers {
  const dtype = values instanceof Int8Array ? 'i1' : values instanceof Int16Array ? 'i2' : 'f4';
  const bdata = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
  return { dtype, bdata, ...(rows !== undefined && { shape: `${rows},${values.length / rows}` }) };
}

/**
 * A name within a figure of Plotly, whose texts hold tags (<b>, <a href>), formulas between dollar signs and, in
 * templates, values in %{…}.
 */
export function escapeText(text: string): string {
  return htmlText(oneLine(text)).replaceAll('$', '&#36;').replaceAll('%{', '&#37;{');
}

/** Breaks text into lines of at most `width` characters, between words, for titles and labels. */
export function wrapText(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(escapeText).join('<br>');
}
