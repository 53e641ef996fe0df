/** One picture of one explained image: its true colours, the class's true mask and the map of every method. */
import { failAt } from '../error.js';
import { createSheet, drawPixels, drawText, encodePng, type Sheet } from './canvas.js';
import { diverging, magnitude, type Pixels, paintMap, paintMask } from './colour.js';

export interface ContactSheet {
  /** First line, bold. */
  readonly title: string;
  /** Further lines above the pictures. */
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly picture: { readonly pixels: Pixels; readonly caption: string; readonly note: string };
  /** True mask of the class [height x width], not 0 where the class is. */
  readonly mask?: { readonly values: ArrayLike<number>; readonly caption: string; readonly note: string };
  readonly maps: readonly SheetMap[];
}

export interface SheetMap {
  readonly caption: string;
  /** Second line of the caption, such as the metrics. */
  readonly note: string;
  /** [height x width] */
  readonly values: ArrayLike<number>;
}

const margin = 16;
const gap = 12;
const captionHeight = 52;
const lineHeight = 19;
const columns = 5;
/** Pictures are enlarged by a whole number to about this side. */
const side = 240;

interface Cell {
  readonly caption: string;
  readonly note: string;
  readonly scaleNote?: string;
  readonly pixels: Pixels;
}

/**
 * Draws the sheet as a PNG, 5 pictures a row. Each map has its own colour scale, ending at the 99th percentile of
 * its magnitude, which its caption gives, and symmetric around zero.
 */
export async function contactSheet(sheet: ContactSheet): Promise<Uint8Array> {
  const { width, height, picture, mask, maps } = sheet;
  requireSize('picture', picture.pixels.length / 3, width, height);
  if (mask !== undefined) requireSize('mask', mask.values.length, width, height);
  for (const { caption, values } of maps) requireSize(`map "${caption}"`, values.length, width, height);

  const cells: readonly Cell[] = [
    picture,
    ...(mask === undefined ? [] : [{ ...mask, pixels: paintMask(picture.pixels, mask.values, width) }]),
    ...maps.map(paintCell),
  ];
  const scale = Math.max(1, Math.round(side / width));
  const cellWidth = width * scale;
  const cellHeight = height * scale + captionHeight;
  const rowCount = Math.ceil((cells.length + 1) / columns);
  const head = margin + 26 + sheet.lines.length * lineHeight + 8;
  const page = createSheet(
    2 * margin + columns * cellWidth + (columns - 1) * gap,
    head + rowCount * (cellHeight + gap) - gap + margin,
  );
  const textWidth = page.canvas.width - 2 * margin;
  drawText(page, sheet.title, margin, margin, { size: 18, bold: true, width: textWidth });
  for (const [i, line] of sheet.lines.entries()) {
    drawText(page, line, margin, margin + 26 + i * lineHeight, { size: 13, width: textWidth });
  }
  const place = (index: number): readonly [left: number, top: number] => [
    margin + (index % columns) * (cellWidth + gap),
    head + Math.floor(index / columns) * (cellHeight + gap),
  ];
  for (const [i, { caption, note, scaleNote, pixels }] of cells.entries()) {
    const [left, top] = place(i);
    drawPixels(page, pixels, { width, height }, left, top, scale);
    page.context.strokeStyle = '#9a9a9a';
    page.context.strokeRect(left - 0.5, top - 0.5, cellWidth + 1, height * scale + 1);
    const below = top + height * scale;
    drawText(page, caption, left, below + 4, { size: 13, bold: true, width: cellWidth });
    drawText(page, note, left, below + 21, { size: 11, width: cellWidth });
    if (scaleNote !== undefined)
      drawText(page, scaleNote, left, below + 36, { size: 11, colour: '#666666', width: cellWidth });
  }
  const [left, top] = place(cells.length);
  drawLegend(page, left, top, cellWidth);
  return encodePng(page);
}

function paintCell({ caption, note, values }: SheetMap): Cell {
  const limit = magnitude(values);
  const missing = Array.from(values).filter((value) => !Number.isFinite(value)).length;
  const end = limit.toPrecision(2).replace('e', ' e');
  const scaleNote =
    missing > 0
      ? `${missing} values are not numbers`
      : limit === 0
        ? 'all zero'
        : `${Array.from(values).some((value) => value < 0) ? `−${end}` : '0'} to ${end}`;
  return { caption, note, scaleNote, pixels: paintMap(values, { limit }) };
}

function drawLegend(page: Sheet, left: number, top: number, width: number): void {
  const bar = { width: Math.min(width, 200), height: 14 };
  drawText(page, 'Relevance', left, top, { size: 12, bold: true, width });
  const pixels = new Uint8ClampedArray(3 * bar.width * bar.height);
  for (let i = 0; i < bar.width * bar.height; i++) {
    pixels.set(diverging((i % bar.width) / (bar.width - 1)), 3 * i);
  }
  drawPixels(page, pixels, bar, left, top + 18);
  page.context.strokeStyle = '#9a9a9a';
  page.context.strokeRect(left - 0.5, top + 17.5, bar.width + 1, bar.height + 1);
  for (const [i, end] of ['against', '0', 'for the class'].entries()) {
    page.context.textAlign = i === 0 ? 'left' : i === 1 ? 'center' : 'right';
    drawText(page, end, left + (i * bar.width) / 2, top + 36, { size: 11 });
    page.context.textAlign = 'left';
  }
  const statement = [
    'Each map has its own scale, which',
    'ends at the 99th percentile of its',
    'magnitude (grey line under the map):',
    'compare patterns, not brightness.',
  ];
  for (const [i, line] of statement.entries())
    drawText(page, line, left, top + 68 + i * 16, { size: 12, width });
}

function requireSize(what: string, count: number, width: number, height: number): void {
  if (count === width * height) return;
  throw failAt('contactSheet')(`the ${what} has the wrong size`, `${width} x ${height} pixels`, `${count}`);
}
