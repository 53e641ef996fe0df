/** SLIC superpixels: label maps equal to scikit-image's, and what any segmentation promises. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { maximumSegments, type Segmentation, slic } from '../../lib/src/attribution/slic.js';
import { createRandom } from '../../lib/src/random.js';
import { type Tensor, zeros } from '../../lib/src/tensor.js';

interface Case {
  readonly image: readonly [key: number, bands: number, height: number, width: number, parcels: number];
  readonly segments: number;
  readonly compactness: number;
  readonly sigma: number;
  /** Base64 of deflated uint16. */
  readonly labels: string;
}

const fixture: { readonly source: string; readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../fixtures/slic.json', import.meta.url), 'utf8'),
);

/** The image that makeSlic.py draws. */
function parcels([key, bands, height, width, count]: Case['image']): Tensor {
  const random = createRandom(key, 'parcels');
  const points = Array.from({ length: count }, () => [random.integer(height), random.integer(width)]);
  const spectra = points.map(() => Array.from({ length: bands }, () => random.integer(4000)));
  const image = zeros([bands, height, width]);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const y = Math.floor(pixel / width);
    const x = pixel % width;
    const distances = points.map(([py, px]) => (y - py) ** 2 + (x - px) ** 2);
    const nearest = distances.indexOf(Math.min(...distances));
    for (const [band, value] of spectra[nearest].entries()) {
      image.data[band * height * width + pixel] = value + random.integer(500);
    }
  }
  return image;
}

/** How many 4-connected parts the label map has. */
function parts({ labels }: Segmentation, height: number, width: number): number {
  const seen = new Set<number>();
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (seen.has(start)) continue;
    count++;
    const open = [start];
    seen.add(start);
    for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
      const x = pixel % width;
      const near = [
        ...(x > 0 ? [pixel - 1] : []),
        ...(x < width - 1 ? [pixel + 1] : []),
        ...(pixel >= width ? [pixel - width] : []),
        ...(pixel < (height - 1) * width ? [pixel + width] : []),
      ];
      for (const other of near) {
        if (labels[other] === labels[start] && !seen.has(other)) {
          seen.add(other);
          open.push(other);
        }
      }
    }
  }
  return count;
}

describe('slic', () => {
  for (const { image, segments, compactness, sigma, labels } of fixture.cases) {
    const [, bands, height, width] = image;
    it(`labels ${bands} x ${height} x ${width} like ${fixture.source} (${segments} segments, compactness ${compactness}, sigma ${sigma})`, () => {
      const expected = inflateSync(Buffer.from(labels, 'base64'));
      const actual = slic(parcels(image), { segments, compactness, sigma });
      const differing = actual.labels.reduce(
        (count, label, pixel) => count + (label === expected.readUInt16LE(2 * pixel) ? 0 : 1),
        0,
      );
      assert.equal(differing, 0, `${differing} of ${height * width} pixels differ`);
    });
  }

  it('finds four plain quarters', () => {
    const image = zeros([1, 20, 20]);
    for (let i = 0; i < 400; i++) image.data[i] = (i % 20 < 10 ? 0 : 1) + (i < 200 ? 0 : 2);
    const { labels, count } = slic(image, { segments: 4 });
    assert.equal(count, 4);
    assert.deepEqual([labels[0], labels[19], labels[380], labels[399]], [0, 1, 2, 3]);
    assert.ok(labels.every((label, i) => label === (i % 20 < 10 ? 0 : 1) + (i < 200 ? 0 : 2)));
  });

  it('cuts an image without contrast into its grid', () => {
    assert.equal(slic(zeros([2, 32, 32]), { segments: 16 }).count, 16);
  });

  it('numbers every pixel from 0 without gaps and within the announced maximum', () => {
    const cases = fc.record({
      height: fc.integer({ min: 1, max: 24 }),
      width: fc.integer({ min: 1, max: 24 }),
      bands: fc.integer({ min: 1, max: 4 }),
      segments: fc.integer({ min: 1, max: 40 }),
      compactness: fc.constantFrom(0.01, 0.1, 1, 10),
      key: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ height, width, bands, segments, compactness, key }) => {
        const random = createRandom(key);
        const image = zeros([bands, height, width]);
        for (let i = 0; i < image.data.length; i++) image.data[i] = random.normal();
        const segmentation = slic(image, { segments, compactness });
        assert.deepEqual(
          [...new Set(segmentation.labels)].sort((a, b) => a - b),
          Array.from({ length: segmentation.count }, (_, i) => i),
        );
        assert.ok(segmentation.count <= maximumSegments([height, width], segments));
      }),
      { numRuns: 200 },
    );
  });

  it('makes every segment one connected part', () => {
    const segmentation = slic(parcels([9, 3, 60, 80, 30]), { segments: 50, compactness: 0.02 });
    assert.equal(parts(segmentation, 60, 80), segmentation.count);
  });

  it('is the same for an image in other units', () => {
    const image = parcels([8, 3, 40, 40, 12]);
    const scaled = { ...image, data: image.data.map((value) => value * 4) };
    assert.deepEqual(slic(scaled).labels, slic(image).labels);
  });

  it('refuses what it cannot segment', () => {
    const image = zeros([1, 4, 4]);
    assert.throws(() => slic(image, { segments: 0 }), { name: 'InputError', message: /segments/ });
    assert.throws(() => slic(image, { compactness: 0 }), { name: 'InputError', message: /compactness/ });
    assert.throws(() => slic(image, { iterations: 1.5 }), { name: 'InputError', message: /iterations/ });
    assert.throws(() => slic(image, { sigma: -1 }), { name: 'InputError', message: /sigma/ });
    assert.throws(() => slic(zeros([4, 4])), { name: 'InputError', message: /bands, height, width/ });
    image.data[3] = Number.NaN;
    assert.throws(() => slic(image), { name: 'InputError', message: /finite number/ });
  });
});
