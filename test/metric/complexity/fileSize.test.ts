import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { encodeMap, fileSize } from '../../../lib/src/metric/complexity/fileSize.js';
import { type Tensor, tensor } from '../../../lib/src/tensor.js';
import { metricsFixture } from '../fixture.js';

const side = 120;
const map = (value: (x: number, y: number) => number): Tensor =>
  tensor(
    Float32Array.from({ length: side * side }, (_, i) => value(i % side, Math.floor(i / side))),
    [side, side],
  );

/** The same integer formulas as in makeMetrics.py. */
const maps = {
  ramp: map((x) => Math.floor((x * 255) / 119)),
  texture: map((x, y) => (x * x * 7 + y * y * 13 + x * y * 5) % 256),
  squares: map((x, y) => ((Math.floor(x / 15) + Math.floor(y / 15)) % 2) * 255),
};

/** Marker segments of a JPEG up to the start of scan. */
function segments(jpeg: Uint8Array): { marker: number; body: Uint8Array }[] {
  const found: { marker: number; body: Uint8Array }[] = [];
  for (let offset = 2; jpeg[offset + 1] !== 0xda; ) {
    const end = offset + 2 + jpeg[offset + 2] * 256 + jpeg[offset + 3];
    found.push({ marker: jpeg[offset + 1], body: jpeg.subarray(offset + 4, end) });
    offset = end;
  }
  return found;
}

/** JPEG stores its tables along diagonals; the index in row-major order of each entry. */
const zigzag = Array.from({ length: 64 }, (_, i) => i).sort((a, b) => {
  const [ya, xa, yb, xb] = [a >> 3, a & 7, b >> 3, b & 7];
  const diagonal = xa + ya - (xb + yb);
  return diagonal || ((xa + ya) % 2 === 0 ? xa - xb : ya - yb);
});

describe('fileSize', () => {
  it('counts as many bytes as Pillow writes at quality 75, 4:2:0', async () => {
    for (const name of ['ramp', 'texture', 'squares'] as const) {
      assert.equal(await fileSize(maps[name]), metricsFixture.jpeg.bytes[name], name);
    }
  });

  it('uses libjpeg’s tables of quality 75 and halves the colour channels, without a colour profile', async () => {
    const found = segments(await encodeMap(maps.texture));
    const frame = found.find(({ marker }) => marker === 0xc0)?.body ?? new Uint8Array();
    assert.deepEqual([...frame], [8, 0, side, 0, side, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    const tables = found.filter(({ marker }) => marker === 0xdb).flatMap(({ body }) => [...body]);
    for (const [id, expected] of metricsFixture.jpeg.quantisation.entries()) {
      const table = tables.slice(65 * id, 65 * (id + 1));
      assert.deepEqual(table, [id, ...zigzag.map((i) => expected[i])]);
    }
    assert.ok(!found.some(({ marker }) => marker === 0xe2));
  });

  it('does not change with the scale and offset of a map', async () => {
    const scaled = { ...maps.texture, data: maps.texture.data.map((value) => value / 1024 - 3) };
    assert.equal(await fileSize(scaled), await fileSize(maps.texture));
  });

  it('grows with the detail of the map', async () => {
    const sizes = await Promise.all(
      [map(() => 0), maps.squares, maps.texture].map((shown) => fileSize(shown)),
    );
    assert.ok(sizes[0] < sizes[1] && sizes[1] < sizes[2], sizes.join(' < '));
  });

  it('takes constant maps of any value, which all look the same', async () => {
    const sizes = await Promise.all([0, 5, -1e30].map((value) => fileSize(map(() => value))));
    assert.equal(new Set(sizes).size, 1);
  });

  it('refuses NaN, infinity, another number of values and sides that no JPEG has', async () => {
    const broken = { ...maps.ramp, data: maps.ramp.data.slice() };
    broken.data[7] = Number.NaN;
    await assert.rejects(fileSize(broken), InputError);
    await assert.rejects(fileSize(tensor(Float32Array.of(Infinity), [1, 1])), InputError);
    await assert.rejects(fileSize({ ...maps.ramp, shape: [side, side + 1] }), InputError);
    await assert.rejects(fileSize(tensor(new Float32Array(0), [0, 0])), InputError);
    await assert.rejects(fileSize(tensor(new Float32Array(70_000), [1, 70_000])), InputError);
  });
});
