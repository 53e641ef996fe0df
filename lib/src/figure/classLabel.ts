/** Class names as labels of axes: land-cover names are long. */
import { wrapText } from './plotly.js';

/** The name in at most `lines` lines of some `width` characters, cut off with "…" where it is longer; escaped. */
export function classLabel(
  name: string,
  { width = 26, lines = 2 }: { readonly width?: number; readonly lines?: number } = {},
): string {
  const all = wrapText(name, width).split('<br>');
  if (all.length <= lines) return all.join('<br>');
  return `${all.slice(0, lines).join('<br>').replace(/,$/, '')} …`;
}
