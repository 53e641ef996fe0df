/** A figure as PNG without a browser: plotly.js draws SVG into jsdom, resvg rasterises it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Canvas, createCanvas } from '@napi-rs/canvas';
import type { DOMWindow } from 'jsdom';
import { measureText } from './canvas.js';
import { encodeIndexedPng } from './indexedPng.js';
import type { PlotlyFigure } from './plotly.js';
import { completeFigure } from './theme.js';

interface Plotly {
  newPlot(element: unknown, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  purge(element: unknown): void;
  readonly Snapshot: { toSVG(element: unknown, format: 'svg'): string };
}

const require = createRequire(import.meta.url);
let loaded: Promise<{ readonly window: DOMWindow; readonly plotly: Plotly }> | undefined;

function isPlotly(value: unknown): value is Plotly {
  return typeof value === 'object' && value !== null && 'newPlot' in value && 'Snapshot' in value;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Corners of a box, moved as its `transform` says: translate and rotate are all that plotly.js writes on text. */
function transformBox({ left, top, right, bottom }: Box, transform: string): Box {
  let corners = [left, right].flatMap((x) => [top, bottom].map((y) => [x, y]));
  for (const [, name, list] of [...transform.matchAll(/(translate|rotate)\(([^)]*)\)/g)].reverse()) {
    const [a = 0, b = 0, c = 0] = list.split(/[\s,]+/).map(Number);
    const [cosine, sine] = [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)];
    corners = corners.map(([x, y]) =>
      name === 'translate'
        ? [x + a, y + b]
        : [b + cosine * (x - b) - sine * (y - c), c + sine * (x - b) + cosine * (y - c)],
    );
  }
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

/** A text's box, measured with the font that resvg draws it in. */
function textBox(element: Element): Box {
  const style = element.getAttribute('style') ?? '';
  const size = Number(/font-size:\s*([\d.]+)/.exec(style)?.[1] ?? element.getAttribute('font-size') ?? 12);
  const spans = [...element.querySelectorAll('tspan.line')];
  const lines = (spans.length > 0 ? spans : [element]).map((line) => line.textContent ?? '');
  const bold = /font-weight:\s*(bold|[6-9]00)/.test(style);
  const width = Math.max(...lines.map((line) => measureText(line, { size, bold })));
  const anchor = /text-anchor:\s*(\w+)/.exec(style)?.[1] ?? element.getAttribute('text-anchor');
  const [x, y] = ['x', 'y'].map((name) => Number(element.getAttribute(name) ?? 0));
  const left = anchor === 'middle' ? x - width / 2 : anchor === 'end' ? x - width : x;
  return {
    left,
    right: left + width,
    top: y - 0.95 * size,
    bottom: y + (0.3 + 1.3 * (lines.length - 1)) * size,
  };
}

/** jsdom lays nothing out: the box of an element's texts and rectangles, without what its ancestors do to it. */
function boxOf(element: Element): Box | undefined {
  const boxes: readonly (Box | undefined)[] =
    element.tagName === 'text'
      ? [textBox(element)]
      : [rectangleBox(element), ...[...element.children].map(boxOf)];
  const found = boxes.filter((box) => box !== undefined);
  if (found.length === 0) return undefined;
  const box: Box = {
    left: Math.min(...found.map(({ left }) => left)),
    right: Math.max(...found.map(({ right }) => right)),
    top: Math.min(...found.map(({ top }) => top)),
    bottom: Math.max(...found.map(({ bottom }) => bottom)),
  };
  return transformBox(box, element.getAttribute('transform') ?? '');
}

function rectangleBox(element: Element): Box | undefined {
  if (element.tagName !== 'rect') return undefined;
  const [left, top, width, height] = ['x', 'y', 'width', 'height'].map((name) =>
    Number(element.getAttribute(name)),
  );
  return { left, top, right: left + width, bottom: top + height };
}

/** Loads plotly.js into a window of its own, once; takes 1.5 s. */
async function load(): Promise<{ readonly window: DOMWindow; readonly plotly: Plotly }> {
  const { JSDOM } = await import('jsdom');
  const source = readFileSync(require.resolve('plotly.js-dist/plotly.js'), 'utf8');
  const { window } = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    pretendToBeVisual: true,
  });
  window.URL.createObjectURL = () => '';
  // What jsdom lacks and plotly.js asks for: a canvas behind heat maps, and the size of text.
  const canvases = new WeakMap<object, Canvas>();
  const canvasOf = (element: HTMLCanvasElement): Canvas => {
    const known = canvases.get(element);
    if (known?.width === element.width && known.height === element.height) return known;
    const canvas = createCanvas(element.width, element.height);
    canvases.set(element, canvas);
    return canvas;
  };
  const rectOf = (element: Element): DOMRect => {
    const { left, top, right, bottom } = boxOf(element) ?? { left: 0, top: 0, right: 0, bottom: 0 };
    const edges = { left, top, right, bottom, x: left, y: top, width: right - left, height: bottom - top };
    return { ...edges, toJSON: () => edges };
  };
  Object.defineProperties(window.HTMLCanvasElement.prototype, {
    getContext: {
      value(this: HTMLCanvasElement) {
        return canvasOf(this).getContext('2d');
      },
    },
    toDataURL: {
      value(this: HTMLCanvasElement) {
        return canvasOf(this).toDataURL('image/png');
      },
    },
  });
  for (const name of ['getBBox', 'getBoundingClientRect']) {
    Object.defineProperty(window.SVGElement.prototype, name, {
      value(this: Element) {
        return rectOf(this);
      },
    });
  }
  window.eval(source);
  const plotly: unknown = window.eval('Plotly');
  if (!isPlotly(plotly)) throw new Error('plotly.js-dist defines no Plotly');
  return { window, plotly };
}

/** The figure as SVG text, its labels as text in DejaVu Sans. */
export async function renderSvg(figure: PlotlyFigure): Promise<string> {
  const { data, layout } = completeFigure(figure);
  loaded ??= load();
  const { window, plotly } = await loaded;
  const element = window.document.createElement('div');
  window.document.body.append(element);
  try {
    // plotly.js writes into what it is given, and wants objects of its own window.
    const copy: { data: unknown; layout: unknown } = window.JSON.parse(JSON.stringify({ data, layout }));
    await plotly.newPlot(element, copy.data, copy.layout, { staticPlot: true });
    return plotly.Snapshot.toSVG(element, 'svg');
  } finally {
    plotly.purge(element);
    element.remove();
  }
}

/** Loads plotly.js and draws a small figure of several kinds, so that the first one that is asked for takes no longer than others. */
export async function warmUp(): Promise<void> {
  const z = Array.from({ length: 40 }, (_, i) => Array.from({ length: 40 }, (_, j) => i * j));
  await renderPng({
    data: [
      { type: 'bar', x: ['a', 'b'], y: [1, 2] },
      { type: 'scatter', x: ['a', 'b'], y: [1, 2] },
      ...['2', '3', '4'].map((n) => ({ type: 'heatmap', z, xaxis: `x${n}`, yaxis: `y${n}` })),
    ],
    layout: { title: 'warm', grid: { rows: 2, columns: 2, pattern: 'independent' } },
  });
}

/** The figure as PNG, `scale` pixels of the picture for one of the figure. */
export async function renderPng(
  figure: PlotlyFigure,
  { scale = 1 }: { readonly scale?: number } = {},
): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const svg = await renderSvg(figure);
  const picture = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    background: '#ffffff',
    font: {
      loadSystemFonts: false,
      defaultFontFamily: 'DejaVu Sans',
      fontFiles: ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
        require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
      ),
    },
  });
  // Figures that hold pictures are large in true colour.
  const rendered = picture.render();
  const { layout = {} } = figure;
  return 'images' in layout && Array.isArray(layout.images) && layout.images.length > 0
    ? encodeIndexedPng(rendered.pixels, rendered)
    : rendered.asPng();
}
