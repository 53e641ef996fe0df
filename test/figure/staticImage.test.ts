/** Figures as pictures without a browser: drawn whole, text inside, the same each time. */
import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { paintMask } from '../../lib/src/figure/colour.js';
import { mapPanels, type Panel } from '../../lib/src/figure/mapPanels.js';
import { escapeText, type Figure, pack, wrapText } from '../../lib/src/figure/plotly.js';
import { renderPng, renderSvg } from '../../lib/src/figure/staticImage.js';
import { axis, baseLayout, completeFigure } from '../../lib/src/figure/theme.js';
import { zeros } from '../../lib/src/tensor.js';

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

describe('a plain Plotly figure', () => {
  const plain = {
    data: [{ type: 'bar', name: 'images', x: ['forest', 'water'], y: [3, 5] }],
    layout: {
      ...{ title: { text: 'Images &amp; <b>classes</b>' }, xaxis: { title: { text: 'class' } } },
      ...{ yaxis: { title: 'images' }, margin: { l: 99 }, font: { color: '#ff0000' } },
    },
  };

  it('gets a size, margins and a theme beneath what it says itself', async () => {
    const { layout } = completeFigure(plain);
    assert.deepEqual([layout.width, layout.height], [850, 420]);
    assert.deepEqual(layout.margin, { l: 99, r: 24, t: 56, b: 56 });
    const svg = await renderSvg(plain);
    assert.match(svg, /font-family: DejaVu Sans/);
    assert.match(svg, /fill: rgb\(255, 0, 0\)/, 'its own colour of text');
    assert.match(svg, /rgb\(0, 114, 178\)/, 'the first colour of the palette');
    assert.deepEqual(completeFigure({ data: [] }).layout.margin, { l: 60, r: 24, t: 24, b: 56 });
  });

  it('takes titles as text too', () => {
    assert.deepEqual(completeFigure(plain).layout.yaxis, { title: { text: 'images' } });
  });

  it('is described by its titles, axes and traces, or by what is given', () => {
    assert.equal(completeFigure(plain).description, 'Images & classes. bar: images. x: class. y: images.');
    assert.equal(completeFigure({ ...plain, description: 'mine' }).description, 'mine');
    assert.equal(completeFigure({ data: [{}] }).description, 'Figure. scatter.');
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

  it('take patches and maps as they come, with their sizes', () => {
    const bands = ['B02', 'B03', 'B04'];
    const patch = { name: 'p', bands, labels: [], image: zeros([3, 4, 2]) };
    const { data, layout, description } = mapPanels([
      { title: 'a <map>', picture: patch, map: zeros([1, 4, 2]) },
      { title: 'flat', map: zeros([4, 2]) },
      { title: 'square', map: new Float32Array(9) },
    ]);
    assert.deepEqual(
      data.map(({ z }) => typeof z === 'object' && z !== null && 'shape' in z && z.shape),
      ['4,2', '4,2', '3,3'],
    );
    assert.equal(description, 'a <map>; flat; square');
    assert.doesNotMatch(JSON.stringify(layout.annotations), /<map>/);
  });

  it('outline a mask on the picture and darken what is outside', async () => {
    const picture = new Uint8ClampedArray(3 * 16).fill(100);
    const mask = Uint8Array.from({ length: 16 }, (_, i) => Number(i === 5));
    const sources = (panel: Panel) => JSON.stringify(mapPanels([panel]).layout.images);
    const painted = paintMask(picture, mask, 4, { outside: 0.6 });
    assert.equal(
      sources({ title: 'a', picture, mask, width: 4, height: 4 }),
      sources({ title: 'a', picture: painted, width: 4, height: 4 }),
    );
    assert.throws(
      () => mapPanels([{ title: 'short', picture, mask: [1], width: 4, height: 4 }]),
      /mask has another size.*1 value/,
    );
  });

  it('refuse several maps in one panel, and sizes that do not agree', () => {
    const refused = (panel: Panel, pattern: RegExp) =>
      assert.throws(
        () => mapPanels([panel]),
        (error) => error instanceof InputError && pattern.test(error.message),
      );
    refused({ title: 'two', map: zeros([2, 4, 4]) }, /"two".*one map.*\[2, 4, 4\]/);
    refused({ title: 'odd', map: new Float32Array(8) }, /"odd".*width and height.*8 values/);
    refused(
      { title: 'small', map: zeros([2, 2]), picture: new Uint8ClampedArray(27) },
      /picture has another size.*2 x 2.*9/,
    );
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
