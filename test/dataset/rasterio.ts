/** What rasterio read of the GeoTIFFs in test/fixtures/geotiff (makeGeoTiffs.py), to compare with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Georeference } from '../../lib/src/dataset/patch.js';
import type { PixelWindow } from '../../lib/src/dataset/raster/tiffLayout.js';

interface Facts {
  readonly shape: readonly [number, number, number];
  readonly sums: readonly number[];
  readonly weighted: readonly number[];
  readonly epsg: number;
  readonly place: readonly [left: number, top: number, width: number, height: number];
  readonly descriptions: readonly string[];
}

interface Expected {
  readonly sen12ms: { readonly shares: readonly number[]; readonly labels: readonly number[] };
  readonly windows: readonly {
    readonly window: readonly [number, number, number, number];
    readonly values: readonly number[];
  }[];
  readonly blended: {
    readonly size: number;
    readonly overlap: number;
    readonly values: readonly (readonly number[])[];
  };
}

const { expected }: { readonly expected: Expected & Readonly<Record<string, Facts>> } = JSON.parse(
  readFileSync(new URL('../fixtures/geotiff.json', import.meta.url), 'utf8'),
);

export const { sen12ms: expectedLandCover, blended: expectedBlend } = expected;

export const expectedWindows: readonly {
  readonly window: PixelWindow;
  readonly values: readonly number[];
}[] = expected.windows.map(({ window: [column, row, width, height], values }) => ({
  window: { column, row, width, height },
  values,
}));

export function pathOfFixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/geotiff/${name}`, import.meta.url));
}

export function factsOf(name: string): Facts {
  return expected[name];
}

/** Asserts that pixels [samples, height, width] are those that rasterio read; the samples as positions in the file. */
export function assertSamePixels(pixels: Float32Array, name: string, samples?: readonly number[]): void {
  const { shape, sums, weighted } = factsOf(name);
  const area = shape[1] * shape[2];
  const chosen = samples ?? sums.map((_, sample) => sample);
  assert.equal(pixels.length, chosen.length * area);
  for (const [band, sample] of chosen.entries()) {
    const values = pixels.subarray(band * area, (band + 1) * area);
    const near = (value: number, other: number) =>
      assert.ok(Math.abs(value - other) <= 1e-9 * Math.abs(other), `${name} ${sample}: ${value}, ${other}`);
    near(
      values.reduce((sum, value) => sum + value, 0),
      sums[sample],
    );
    near(
      values.reduce((sum, value, i) => sum + value * (1 + (i % 251)), 0),
      weighted[sample],
    );
  }
}

export function assertSamePlace(georeference: Georeference | undefined, name: string): void {
  const { epsg, place } = factsOf(name);
  const [left, top, width, height] = place;
  assert.deepEqual(georeference, { epsg, left, top, pixelSize: [width, height] });
}
