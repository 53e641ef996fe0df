import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { type ContactSheet, contactSheet } from '../../lib/src/figure/contactSheet.js';

const width = 20;
const height = 16;
const area = width * height;

const sheet: ContactSheet = {
  title: 'A title\nwith a line end',
  lines: ['Labels: Forest; Sand', 'word '.repeat(5000)],
  width,
  height,
  picture: { pixels: new Uint8ClampedArray(3 * area).fill(90), caption: 'True colour', note: '' },
  mask: { values: new Uint8Array(area).fill(1, 0, area / 2), caption: 'Mask', note: '50 %' },
  maps: [
    {
      caption: 'Ramp',
      note: 'a note',
      values: Float32Array.from({ length: area }, (_, i) => i - 160),
    },
    { caption: 'Zero', note: '', values: new Float32Array(area) },
    { caption: 'Broken', note: '', values: new Float32Array(area).fill(Number.NaN) },
    {
      caption: 'Infinite',
      note: '',
      values: new Float32Array(area).fill(Number.POSITIVE_INFINITY),
    },
  ],
};

async function decode(
  png: Uint8Array,
): Promise<{ width: number; height: number; colours: ReadonlySet<string> }> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const colours = new Set<string>();
  for (let i = 0; i < data.length; i += 4) colours.add(data.subarray(i, i + 3).join());
  return { width: image.width, height: image.height, colours };
}

describe('contactSheet', () => {
  it('shows the picture, the mask, every map and the colour scale', async () => {
    const { colours, width: sheetWidth } = await decode(await contactSheet(sheet));
    assert.equal(sheetWidth, 2 * 16 + 5 * 240 + 4 * 12);
    for (const [what, colour] of [
      ['the picture', '90,90,90'],
      ['the edge of the mask', '255,225,60'],
      ['most negative', '5,48,97'],
      ['most positive', '103,0,31'],
      ['not a number', '128,160,128'],
    ])
      assert.ok(colours.has(colour), what);
    assert.ok(colours.size > 200);
  });

  it('draws text', async () => {
    const [plain, titled] = await Promise.all(
      ['', 'Forest'].map(async (title) => Buffer.from(await contactSheet({ ...sheet, title }))),
    );
    assert.ok(!plain.equals(titled));
  });

  it('grows by rows with the number of maps', async () => {
    const many = { ...sheet, maps: Array.from({ length: 12 }, () => sheet.maps[0]) };
    const [small, large] = [await decode(await contactSheet(sheet)), await decode(await contactSheet(many))];
    assert.equal(large.width, small.width);
    assert.ok(large.height > small.height);
  });

  it('refuses maps of another size', async () => {
    const maps = [{ ...sheet.maps[0], values: new Float32Array(area + 1) }];
    await assert.rejects(
      contactSheet({ ...sheet, maps }),
      (thrown) => thrown instanceof InputError && /map "Ramp".*20 x 16 pixels.*321/.test(thrown.message),
    );
  });
});
