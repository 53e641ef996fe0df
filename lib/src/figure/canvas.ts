/** Drawing on a canvas: text in one font that looks the same everywhere, enlarged pixels, PNG. */
import { createRequire } from 'node:module';
import { type Canvas, createCanvas, GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas';
import type { Pixels } from './colour.js';

const family = 'DejaVu Sans';
const require = createRequire(import.meta.url);
GlobalFonts.registerFromPath(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'), family);
GlobalFonts.registerFromPath(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'), family);

export interface Sheet {
  readonly canvas: Canvas;
  readonly context: SKRSContext2D;
}

/** An empty white sheet. */
export function createSheet(width: number, height: number): Sheet {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  return { canvas, context };
}

export interface TextOptions {
  /** Height of the font in pixels. */
  readonly size?: number;
  readonly bold?: boolean;
  readonly colour?: string;
  /** Longer text is set smaller, down to four fifths; what is still too long is cut and ends in "…". */
  readonly width?: number;
}

const ruler = createCanvas(1, 1).getContext('2d');

/** Width of one line of text in pixels. */
export function measureText(
  text: string,
  { size = 13, bold = false }: Pick<TextOptions, 'size' | 'bold'> = {},
): number {
  ruler.font = `${bold ? 'bold ' : ''}${size}px "${family}"`;
  return ruler.measureText(text).width;
}

/** Draws one line of text with its top left corner at (left, top); control characters become spaces. */
export function drawText(
  { context }: Sheet,
  text: string,
  left: number,
  top: number,
  { size = 13, bold = false, colour = '#1a1a1a', width = Number.POSITIVE_INFINITY }: TextOptions = {},
): void {
  const clean = text.replace(/\p{Cc}/gu, ' ').slice(0, 500);
  const setFont = (pixels: number): void => {
    context.font = `${bold ? 'bold ' : ''}${pixels}px "${family}"`;
  };
  const fits = (line: string): boolean => context.measureText(line).width <= width;
  setFont(size);
  for (let smaller = size; smaller - 1 >= 0.8 * size && !fits(clean); ) setFont(--smaller);
  context.textBaseline = 'top';
  context.fillStyle = colour;
  let shown = clean;
  for (let length = clean.length; length > 0 && !fits(shown); ) shown = `${clean.slice(0, --length)}…`;
  context.fillText(shown, left, top);
}

/** Draws a picture with every pixel enlarged to a square of `scale` x `scale`, without smoothing. */
export function drawPixels(
  { context }: Sheet,
  pixels: Pixels,
  { width, height }: { readonly width: number; readonly height: number },
  left: number,
  top: number,
  scale = 1,
): void {
  const source = createCanvas(width, height);
  const sourceContext = source.getContext('2d');
  const image = sourceContext.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  sourceContext.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(source, left, top, width * scale, height * scale);
}

/** The asynchronous `encode` of @napi-rs/canvas 1.0.2 crashes the process now and then; this one does not. */
export function encodePng({ canvas }: Sheet): Uint8Array {
  return canvas.toBuffer('image/png');
}
