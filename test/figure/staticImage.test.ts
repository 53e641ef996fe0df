/** Figures as pictures without a browser: drawn whole, text inside, the same each time. */
import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, it } from 'mocha';
import { mapPanels } from '../../lib/src/figure/mapPanels.js';
import { escapeText, type Figure, pack, wrapText } from '../../lib/src/figure/plotly.js';
import { renderPng, renderSvg } from '../../lib/src/figure/staticImage.js';
import { axis, baseLayout } from '../../lib/src/figure/theme.js';

async function pixelsOf(png: Uint8Array) {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const at = (x: number, y: number) => [
    ...data.subarray(4 * (y * image.width + x), 4 * (y * image.width + x) + 3),
  ];
  return { width: image.width, height: image.height, at };
}

const bars: Figure = {
  description: 'bars',
  data: [{ type: 'bar', orientation: 'h', x: [1, 2], y: ['a rather long name of a method', 'b'] }],
  layout: { ...baseLayout('Bars', { width: 500, height: 300 }), xaxis: axis('time (s)'), yaxis: axis('') },
};

describe('static pictures of figures', () => {
  it('have the size that was asked for, times the scale', async () => {
    const { width, height } = await pixelsOf(await renderPng(bars, { scale: 2 }));
    assert.deepEqual([width, height], [1000, 600]);
  });

  it('make room for long labels', async () => {
    const svg = await renderSvg(bars);
    const [, left] = /<clipPath[^>]*><rect width="([\d.]+)"/.exec(svg) ?? [];
    // 30 letters of 13 pixels take some 200 pixels from the width of 500.
    assert.ok(Number(left) > 100 && Number(left) < 300, `${left}`);
    assert.match(svg, /a rather long name of a method/);
    assert.match(svg, /time \(s\)/);
  });

  it('are the same bits each time', async () => {
    assert.deepEqual(await renderPng(bars), await renderPng(bars));
  });
});

describe('map panels', () => {
  const size = { width: 2, height: 2 };
  const figure = (scale: 'shared' | 'each') =>
    mapPanels(
      [
        { title: 'strong', map: [-2, 2, 2, 2], ...size },
        { title: 'weak', map: [1, 1, 1, -1], ...size },
      ],
      { title: 'maps', columns: 2, scale, quantile: 1 },
    );
  const percents = ({ data }: Figure) =>
    data.map(({ z }) => {
      assert.ok(typeof z === 'object' && z !== null && 'bdata' in z);
      return [...new Int8Array(Buffer.from(String(z.bdata), 'base64'))];
    });

  it('put all maps on one scale, symmetric around 0, unless told otherwise', () => {
    assert.deepEqual(percents(figure('shared')), [
      [-100, 100, 100, 100],
      [50, 50, 50, -50],
    ]);
    assert.ok(figure('shared').data.every(({ zmin, zmax }) => zmin === -100 && zmax === 100));
    assert.match(JSON.stringify(figure('shared').layout), /all maps on one scale/);
  });

  it('scale each map by itself where told, and say so', () => {
    assert.deepEqual(percents(figure('each')), [
      [-100, 100, 100, 100],
      [100, 100, 100, -100],
    ]);
    assert.match(JSON.stringify(figure('each').layout), /each map on its own scale/);
  });

  it('draw blue for negative and red for positive relevance, the first row on top', async () => {
    const { at, height, width } = await pixelsOf(await renderPng(figure('shared')));
    const side = (width - 12 - 86 - 8) / 2;
    const top = height - 14 - side;
    const [red, , blue] = at(Math.round(12 + side / 4), Math.round(top + side / 4));
    assert.ok(blue > red + 50, 'upper left');
    const [red2, , blue2] = at(Math.round(12 + (3 * side) / 4), Math.round(top + side / 4));
    assert.ok(red2 > blue2 + 50, 'upper right');
  });

  it('show an all-zero map as zero', () => {
    const zero = mapPanels([{ title: 'zero', map: [0, 0, 0, 0], ...size }], { title: 'maps' });
    assert.deepEqual(percents(zero), [[0, 0, 0, 0]]);
  });
});

describe('texts in figures', () => {
  it('are not taken for HTML', () => {
    assert.equal(escapeText('<a href="x">&\u0007'), '&lt;a href=&quot;x&quot;&gt;&amp;\ufffd');
    assert.equal(wrapText('one two <three>', 7), 'one two<br>&lt;three&gt;');
  });

  it('pack numbers with their shape', () => {
    assert.deepEqual(pack(Int8Array.of(1, -1, 2, 3), 2), { dtype: 'i1', bdata: 'Af8CAw==', shape: '2,2' });
    assert.equal(pack(new Float32Array(2)).dtype, 'f4');
  });
});
