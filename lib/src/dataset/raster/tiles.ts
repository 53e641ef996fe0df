/** Maps of overlapping tiles blended into one map of a whole image, in memory that does not grow with its height. */
import { requireCount } from '../../check.js';
import { failAt } from '../../error.js';
import type { PixelWindow } from './tiffLayout.js';

export interface TileGrid {
  /** Of the image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Sides of a tile, at most those of the image. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Pixels that neighbours share, fewer than a tile has; the last tiles share more, to end at the border. */
  readonly overlap: number;
}

/** Upper left corners along one side: every `size - overlap` pixels, the last so that its tile ends at the border. */
export function tileStarts(length: number, size: number, overlap: number): readonly number[] {
  for (const [name, count] of Object.entries({ length, size })) requireCount(count, `tiles, ${name}`);
  requireCount(overlap, 'tiles, overlap', 0);
  if (size > length || overlap >= size) {
    const expected = 'a tile no larger than the image, and an overlap smaller than the tile';
    const got = `tiles of ${size} pixels that overlap by ${overlap}`;
    throw failAt(`an image side of ${length} pixels`)('tiles that do not fit', expected, got);
  }
  const starts: number[] = [];
  for (let start = 0; start < length - size; start += size - overlap) starts.push(start);
  return [...starts, length - size];
}

/**
 * Weight of each row or column of a tile: 1 inside, falling linearly over the overlap,
 *
 *   w(i) = min(1, (i + 1/2) / overlap, (size - i - 1/2) / overlap),
 *
 * so that two regular neighbours sum to 1. A pixel weighs w(row) w(column).
 */
export function tileWeights(size: number, overlap: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) =>
    overlap === 0 ? 1 : Math.min(1, (i + 0.5) / overlap, (size - i - 0.5) / overlap),
  );
}

/** All tiles, row by row. */
export function tilesOf(grid: TileGrid): readonly PixelWindow[] {
  const { width, height, tileWidth, tileHeight, overlap } = grid;
  const columns = tileStarts(width, tileWidth, overlap);
  return tileStarts(height, tileHeight, overlap).flatMap((row) =>
    columns.map((column) => ({ column, row, width: tileWidth, height: tileHeight })),
  );
}

/**
 * Blends maps of tiles: a pixel's value is the mean of those of its tiles, weighted by `tileWeights`.
 * @param layers maps that `mapTile` gives of a tile, each [tileHeight x tileWidth]
 * @param write receives finished rows from top to bottom, [layers, rows, width]
 */
export async function blendTiles(
  grid: TileGrid,
  layers: number,
  mapTile: (tile: PixelWindow) => Promise<readonly ArrayLike<number>[]>,
  write: (rows: Float32Array) => Promise<void>,
): Promise<void> {
  const { width, height, tileWidth, tileHeight, overlap } = grid;
  const columns = tileStarts(width, tileWidth, overlap);
  const tops = tileStarts(height, tileHeight, overlap);
  const across = tileWeights(tileWidth, overlap);
  const down = tileWeights(tileHeight, overlap);
  // As many rows as a tile has: weighted sums of each layer, then the weights.
  const area = tileHeight * width;
  const sums = new Float64Array((layers + 1) * area);
  for (const [i, top] of tops.entries()) {
    for (const column of columns) {
      const maps = await mapTile({ column, row: top, width: tileWidth, height: tileHeight });
      if (maps.length !== layers || maps.some((map) => map.length !== tileHeight * tileWidth)) {
        const fail = failAt(`the tile at column ${column}, row ${top}`);
        const expected = `${layers} maps of ${tileHeight} x ${tileWidth} pixels`;
        const got = `lengths ${maps.map((map) => map.length).join(', ')}`;
        throw fail('a tile has other maps than the rest', expected, got);
      }
      for (let y = 0; y < tileHeight; y++) {
        for (let x = 0; x < tileWidth; x++) {
          const weight = down[y] * across[x];
          const place = y * width + column + x;
          for (const [layer, map] of maps.entries())
            sums[layer * area + place] += weight * map[y * tileWidth + x];
          sums[layers * area + place] += weight;
        }
      }
    }
    const rows = (tops[i + 1] ?? height) - top;
    const finished = new Float32Array(layers * rows * width);
    for (let layer = 0; layer < layers; layer++) {
      for (let p = 0; p < rows * width; p++) {
        finished[layer * rows * width + p] = sums[layer * area + p] / sums[layers * area + p];
      }
    }
    await write(finished);
    for (let layer = 0; layer <= layers; layer++) {
      sums.copyWithin(layer * area, layer * area + rows * width, (layer + 1) * area);
      sums.fill(0, (layer + 1) * area - rows * width, (layer + 1) * area);
    }
  }
}
