/** The co-occurrence of labels as an annotated heat map (the paper's Figure S10). */
import type { CoOccurrence } from '../analysis/coOccurrence.js';
import { classLabel } from './classLabel.js';
import { escapeText, type Figure } from './plotly.js';
import { axis, baseLayout, ink } from './theme.js';

/** White at 0 to dark blue at 1: ColorBrewer's "Blues". */
const blues = [
  [0, '#ffffff'],
  [0.25, '#c6dbef'],
  [0.5, '#6baed6'],
  [0.75, '#2171b5'],
  [1, '#08306b'],
];

/** From this share on, ink is no longer read on the cell's blue. */
const darkFrom = 0.55;

/** Thousands as "k" where a cell has no room for more. */
const compact = (count: number): string =>
  count < 10_000 ? String(count) : `${(count / 1000).toFixed(count < 100_000 ? 1 : 0)}k`;

const percent = (share: number): string => {
  if (share > 0 && share < 0.005) return '<1';
  return (100 * share).toFixed(0);
};

/**
 * Each cell holds P(column | row) in percent and, below it, the number of images that carry both labels; the diagonal
 * holds the number of images that carry the label. Empty cells: never together. Classes without
 * images are left out.
 */
export function coOccurrenceMatrix(
  { images, counts, conditional }: CoOccurrence,
  classes: readonly string[],
  { title, width = 850 }: { readonly title: string; readonly width?: number },
): Figure {
  const present = classes.map((_, i) => i).filter((i) => counts[i][i] > 0);
  const names = present.map((i) => classes[i]);
  const labels = names.map((name) => classLabel(name, { width: 25 }));
  const z = present.map((a) => present.map((b) => (a === b ? null : conditional[a][b])));
  const [left, right, top, bottom] = [186, 92, 72, 186];
  const side = Math.min(62, (width - left - right) / Math.max(1, present.length));
  const size = Math.max(10, Math.min(12, 0.28 * side));

  const cellText = (a: number, b: number): string => {
    const count = compact(counts[a][b]);
    if (a === b) return `<b>${count}</b>`;
    if (counts[a][b] === 0) return '';
    return `${percent(conditional[a][b])}<br><span style="font-size:${Math.max(8, size - 2)}px">${count}</span>`;
  };
  const annotations = present.flatMap((a, row) =>
    present.map((b, column) => ({
      ...{ x: column, y: row, text: cellText(a, b), showarrow: false },
      font: { size, color: a !== b && conditional[a][b] >= darkFrom ? '#ffffff' : ink },
    })),
  );
  const ticks = {
    tickmode: 'array',
    tickvals: names.map((_, i) => i),
    ticktext: labels,
    tickfont: { size: 11 },
    ...{ showgrid: false, zeroline: false, ticks: '', automargin: false },
  };
  return {
    data: [
      {
        ...{ type: 'heatmap', z, zmin: 0, zmax: 1, colorscale: blues, xgap: 1, ygap: 1 },
        customdata: present.map((a) => present.map((b) => counts[a][b])),
        x: names.map((_, i) => i),
        y: names.map((_, i) => i),
        text: present.map((_, i) =>
          names.map((name) => `${escapeText(name)}, given ${escapeText(names[i])}`),
        ),
        hovertemplate: '%{text}: %{z:.1%}, %{customdata} images<extra></extra>',
        colorbar: {
          title: { text: 'P(column | row)', side: 'right', font: { size: 12 } },
          ...{ tickformat: '.0%', thickness: 14, len: Math.min(300, side * names.length), lenmode: 'pixels' },
          ...{ y: 1, yanchor: 'top' },
        },
      },
    ],
    layout: {
      ...baseLayout(
        `${escapeText(title)}<br><span style="font-size:12px">${images.toLocaleString('en-GB').replaceAll(',', ' ')} images; P(column | row) in %, below it images with both labels; diagonal: images with the label</span>`,
        { width, height: Math.round(top + bottom + side * Math.max(1, names.length)) },
      ),
      plot_bgcolor: '#e3e3e3',
      margin: { l: left, r: width - left - side * Math.max(1, names.length), t: top, b: bottom },
      xaxis: axis('also labelled', {
        ...ticks,
        tickangle: -90,
        range: [-0.5, names.length - 0.5],
        title: {},
      }),
      yaxis: axis('given the label', { ...ticks, range: [names.length - 0.5, -0.5], title: {} }),
      annotations,
    },
    description: `${title}. For each pair of classes, the share of the images with one label that also carry the other, and their number.`,
  };
}
