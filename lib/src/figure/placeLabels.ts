/** Labels beside the points of a scatter plot, placed so that they cover neither each other nor the points. */
import { measureText } from './canvas.js';

export interface PlacedPoint {
  /** Pixels to the right. */
  readonly x: number;
  /** Pixels down. */
  readonly y: number;
  readonly label: string;
}

/** plotly.js' `textposition`. */
export const positions = [
  ...['middle right', 'middle left', 'top center', 'bottom center'],
  ...['top right', 'bottom right', 'top left', 'bottom left'],
] as const;
export type Position = (typeof positions)[number];

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface PlaceOptions {
  readonly width: number;
  readonly height: number;
  /** Height of the font in pixels. */
  readonly size?: number;
  /** Radius of the markers in pixels. */
  readonly radius?: number;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

function boxOf({ x, y, label }: PlacedPoint, position: string, size: number, radius: number): Box {
  const [width, height] = [measureText(label, { size }) + 4, 1.25 * size];
  const left = position.endsWith('right')
    ? x + radius
    : position.endsWith('left')
      ? x - radius - width
      : x - width / 2;
  const top = position.startsWith('top')
    ? y - radius - height
    : position.startsWith('bottom')
      ? y + radius
      : y - height / 2;
  return { left, right: left + width, top, bottom: top + height };
}

/** Greedy, the most crowded points first: each label goes where it covers least; ties go to the earlier position. */
export function placeLabels(
  points: readonly PlacedPoint[],
  { width, height, size = 12, radius = 5 }: PlaceOptions,
): readonly string[] {
  const markers = points.map(({ x, y }) => ({
    ...{ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius },
  }));
  const crowd = (index: number): number =>
    points.filter(({ x, y }) => Math.abs(x - points[index].x) < 120 && Math.abs(y - points[index].y) < 30)
      .length;
  const sequence = [...points.keys()].sort((a, b) => crowd(b) - crowd(a) || a - b);
  const chosen = points.map((): string => positions[0]);
  const placed: Box[] = [];
  const whole: Box = { left: 0, right: width, top: 0, bottom: height };
  for (const index of sequence) {
    const costs = positions.map((position) => {
      const box = boxOf(points[index], position, size, radius);
      const area = (box.right - box.left) * (box.bottom - box.top);
      const covered = [...placed, ...markers].reduce((sum, other) => sum + overlap(box, other), 0);
      return { position, box, cost: covered + 2 * (area - overlap(box, whole)) };
    });
    const best = costs.reduce((a, b) => (b.cost < a.cost - 1e-9 ? b : a));
    chosen[index] = best.position;
    placed.push(best.box);
  }
  return chosen;
}
