/** Cases one below the other: pictures of a patch on the left, relevance maps on the right. */
import type { Pixels } from './colour.js';
import { mapPanels, type Panel } from './mapPanels.js';
import type { Figure } from './plotly.js';

export interface CaseRow {
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly { readonly title: string; readonly pixels: Pixels }[];
  /** Relevance [height x width]. */
  readonly maps: readonly { readonly title: string; readonly values: ArrayLike<number> }[];
}

/**
 * One row per case. Maps of different methods have no common unit: each has its own colour scale, and the figure says
 * so. Rows with fewer panels than the longest are filled up with their first picture.
 */
export function casePanels(
  rows: readonly CaseRow[],
  { title, description = title }: { readonly title: string; readonly description?: string },
): Figure {
  const columns = Math.max(...rows.map(({ pictures, maps }) => pictures.length + maps.length));
  const panels = rows.flatMap(({ width, height, pictures, maps }): Panel[] => {
    const own: Panel[] = [
      ...pictures.map(({ title: name, pixels }) => ({ title: name, width, height, picture: pixels })),
      ...maps.map(({ title: name, values }) => ({ title: name, width, height, map: values })),
    ];
    const [first] = own;
    return [...own, ...Array.from({ length: columns - own.length }, () => ({ ...first, title: '' }))];
  });
  const width = Math.min(850, Math.max(660, 98 + 150 * columns));
  return mapPanels(panels, { title, description, columns, width, scale: 'each' });
}
