/** A picture and, beside it, the class that each pixel truly belongs to. */
import { createSheet, drawPixels, encodePng } from './canvas.js';
import type { Pixels } from './colour.js';
import { escapeText, type Figure, pack, type Trace, wrapText } from './plotly.js';
import { baseLayout, palette } from './theme.js';

export interface MappedClass {
  readonly name: string;
  /** [height x width], not 0 where the class is. */
  readonly mask: ArrayLike<number>;
  readonly isLabel: boolean;
}

export interface ClassMapOptions {
  readonly title: string;
  /** Pixels of the picture. */
  readonly size: number;
  readonly picture: Pixels;
  /** Width of the whole figure. */
  readonly width?: number;
}

const rest = '#d9d9d9';

/** The legend gives each class its share of the image; beyond eight classes, the smallest ones share one grey. */
export function classMap(
  classes: readonly MappedClass[],
  { title, size, picture, width = 850 }: ClassMapOptions,
): Figure {
  const cells = size * size;
  const share = (mask: ArrayLike<number>): number =>
    Array.from(mask).reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0) / cells;
  const present = classes
    .map((item) => ({ ...item, share: share(item.mask) }))
    .filter((item) => item.share > 0)
    .sort((a, b) => b.share - a.share);
  const shown = present.slice(0, palette.length);
  const index = new Int8Array(cells).fill(shown.length);
  shown.forEach(({ mask }, k) => {
    for (let p = 0; p < cells; p++) if (mask[p] !== 0) index[p] = k;
  });
  const colours = [...shown.map((_, k) => palette[k]), rest];
  const colourScale = colours.flatMap((colour, k) => [
    [k / colours.length, colour],
    [(k + 1) / colours.length, colour],
  ]);
  const left = present.slice(palette.length).reduce((sum, item) => sum + item.share, 0);
  const entry = (name: string, part: number, isLabel: boolean, colour: string): Trace => ({
    ...{ type: 'scatter', mode: 'markers', x: [null], y: [null], xaxis: 'x2', yaxis: 'y2' },
    name: `${wrapText(name, 28)}<br>${(100 * part).toFixed(1)} %${isLabel ? '' : ', not a label'}`,
    marker: { symbol: 'square', size: 14, color: colour, line: { width: 1, color: '#7a7a7a' } },
  });
  const sheet = createSheet(size, size);
  drawPixels(sheet, picture, { width: size, height: size }, 0, 0);
  const [margin, gap, legend] = [12, 10, 240];
  const side = (width - 2 * margin - gap - legend) / 2;
  const plotWidth = width - 2 * margin - legend;
  const hidden = { visible: false };
  return {
    data: [
      {
        ...{ type: 'scatter', mode: 'markers', x: [0], y: [0], marker: { opacity: 0 } },
        ...{ hoverinfo: 'skip', showlegend: false },
      },
      {
        ...{ type: 'heatmap', z: pack(index, size), xaxis: 'x2', yaxis: 'y2' },
        ...{
          zmin: -0.5,
          zmax: colours.length - 0.5,
          colorscale: colourScale,
          showscale: false,
          hoverinfo: 'skip',
        },
      },
      ...shown.map((item, k) => entry(item.name, item.share, item.isLabel, palette[k])),
      ...(left > 0 ? [entry('other classes', left, true, rest)] : []),
    ],
    layout: {
      ...baseLayout(escapeText(title), { width, height: Math.round(side + 52 + margin) }),
      margin: { l: margin, r: margin + legend, t: 52, b: margin },
      xaxis: { ...hidden, domain: [0, side / plotWidth], range: [-0.5, size - 0.5] },
      yaxis: { ...hidden, range: [size - 0.5, -0.5] },
      xaxis2: { ...hidden, domain: [1 - side / plotWidth, 1], range: [-0.5, size - 0.5], anchor: 'y2' },
      yaxis2: { ...hidden, range: [size - 0.5, -0.5], anchor: 'x2' },
      images: [
        {
          source: `data:image/png;base64,${Buffer.from(encodePng(sheet)).toString('base64')}`,
          ...{
            xref: 'x',
            yref: 'y',
            x: -0.5,
            y: -0.5,
            sizex: size,
            sizey: size,
            sizing: 'stretch',
            layer: 'below',
          },
        },
      ],
      legend: { x: 1.01, y: 1, yanchor: 'top', font: { size: 12 } },
      showlegend: true,
    },
    description: `${title}. ${present.map((item) => `${item.name} ${(100 * item.share).toFixed(1)} %`).join('; ')}.`,
  };
}
