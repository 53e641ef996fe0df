/** Slope charts: the order of the methods in one study on the left, in another on the right. */
import { escapeText, type Figure, type Trace } from './plotly.js';
import { baseLayout, ink, palette } from './theme.js';

export interface SlopeItem {
  readonly name: string;
  readonly left: number;
  readonly right: number;
}

export interface SlopePanel {
  /** For example the measure, and how far the two orders agree. */
  readonly title: string;
  readonly items: readonly SlopeItem[];
}

export interface RankSlopesOptions {
  readonly title: string;
  /** Names of the two studies. */
  readonly left: string;
  readonly right: string;
}

const faint = '#b5b5b5';

/** Items in ascending order of one value, equal ones by name. */
function order(items: readonly SlopeItem[], side: 'left' | 'right'): readonly SlopeItem[] {
  return [...items].sort((a, b) => a[side] - b[side] || a.name.localeCompare(b.name));
}

/** Lowest value on top, equal ones with one place, two panels a row; the three items that lead on the left keep their colour to the right. */
export function rankSlopes(panels: readonly SlopePanel[], { title, left, right }: RankSlopesOptions): Figure {
  const columns = Math.min(2, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const count = Math.max(...panels.map(({ items }) => items.length));
  const [margin, gapY] = [{ l: 10, r: 10, t: 76, b: 14 }, 58];
  const panelHeight = 22 + 19 * count;
  const height = margin.t + margin.b + rows * panelHeight + (rows - 1) * gapY;
  const plotHeight = height - margin.t - margin.b;
  const data: Trace[] = [];
  const axes: Record<string, unknown> = {};
  const annotations = panels.flatMap(({ title: panelTitle, items }, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const name = i === 0 ? '' : String(i + 1);
    const top = 1 - (row * (panelHeight + gapY)) / plotHeight;
    const hidden = { visible: false, fixedrange: true };
    const domain = [column / columns + 0.01, (column + 1) / columns - 0.01];
    // The lines take the middle, the names the rest.
    axes[`xaxis${name}`] = { ...hidden, domain, range: [-1.3, 2.3], anchor: `y${name}` };
    axes[`yaxis${name}`] = {
      ...hidden,
      domain: [Math.max(0, top - panelHeight / plotHeight), top],
      range: [count + 0.5, -0.6],
      anchor: `x${name}`,
    };
    const [lefts, rights] = [order(items, 'left'), order(items, 'right')];
    for (const item of items) {
      const [from, to] = [lefts.indexOf(item), rights.indexOf(item)];
      const color = from < 3 ? palette[from] : faint;
      const label = (side: 'left' | 'right'): string => {
        const place = 1 + items.filter((other) => other[side] < item[side]).length;
        return `<b>${place}</b> ${escapeText(item.name)} ${item[side].toFixed(item[side] < 0.1 ? 3 : 2)}`;
      };
      data.push({
        ...{ type: 'scatter', mode: 'lines+markers+text', x: [0, 1], y: [from + 1, to + 1] },
        text: [label('left'), label('right')],
        ...{ textposition: ['middle left', 'middle right'], textfont: { size: 11, color: ink } },
        ...{ line: { color, width: from < 3 ? 3 : 1.5 }, marker: { color, size: 7 }, cliponaxis: false },
        ...{ xaxis: `x${name}`, yaxis: `y${name}`, hoverinfo: 'skip', showlegend: false },
      });
    }
    const heading = (text: string, x: number, xanchor: string): Record<string, unknown> => ({
      text: escapeText(text),
      ...{ x, xanchor, y: 0, yanchor: 'middle', xref: `x${name}`, yref: `y${name}`, showarrow: false },
      font: { size: 12, color: '#555555' },
    });
    return [
      {
        text: `<b>${escapeText(panelTitle)}</b>`,
        ...{ x: domain[0], xanchor: 'left', y: top, yanchor: 'bottom', xref: 'paper', yref: 'paper' },
        ...{ showarrow: false, font: { size: 13 } },
      },
      heading(left, 0, 'right'),
      heading(right, 1, 'left'),
    ];
  });
  const layout = { ...baseLayout(escapeText(title), { height }), ...axes, margin, annotations };
  const description = `${title}. ${panels.map((panel) => panel.title).join('; ')}.`;
  return { data, layout, description };
}
