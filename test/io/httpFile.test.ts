/** Files on the web: only what is needed is fetched, and every way in which a server can fail or lie is one error. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { mapCommand } from '../../lib/src/command/map.js';
import { sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { openGeoTiff } from '../../lib/src/dataset/raster/geoTiff.js';
import { readGeoTiffPatch } from '../../lib/src/dataset/raster/geoTiffPatch.js';
import { encodeGeoTiff } from '../../lib/src/dataset/raster/geoTiffWriter.js';
import { openLargeImage } from '../../lib/src/dataset/raster/largeImage.js';
import { openHttpFile } from '../../lib/src/io/httpFile.js';
import { refusesInput } from '../refuses.js';

const local = new URL('../fixtures/tiff/cloud.tif', import.meta.url).pathname;
const bytes = readFileSync(local);

interface Asked {
  readonly start: number;
  readonly end: number;
}

type Answer = (response: ServerResponse, asked: Asked, count: number) => void;

/** The range that was asked for, answered as it should be. */
const honestly =
  (file: Uint8Array): Answer =>
  (response, { start, end }) => {
    const last = Math.min(end, file.length - 1);
    response.writeHead(206, { 'content-range': `bytes ${start}-${last}/${file.length}` });
    response.end(file.subarray(start, last + 1));
  };
const honest = honestly(bytes);

/** A server on this machine for the time of one test; `requests` lists the ranges that were asked for. */
async function withServer(
  answer: Answer,
  use: (address: string, requests: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const requests: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const asked = { start: Number(start), end: Number(end) };
    requests.push(asked);
    answer(response, asked, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await use(`http://127.0.0.1:${port}/images/cloud.tif?key=secret`, requests);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a GeoTIFF on the web', () => {
  it('is read by window: a fraction of its bytes, in few requests', async () => {
    const [height, width] = [1500, 1000];
    const map = Float32Array.from({ length: 2 * height * width }, (_, i) => i % 9973);
    const file = encodeGeoTiff(map, { bands: 2, height, width });
    await withServer(honestly(file), async (address, requests) => {
      const window = { column: 500, row: 700, width: 120, height: 120 };
      const { image } = await readGeoTiffPatch(address, { bands: ['one', 'two'], select: ['two'], window });
      for (const [i, value] of image.data.entries()) {
        const pixel = (height + 700 + Math.floor(i / 120)) * width + 500 + (i % 120);
        assert.equal(value, pixel % 9973);
      }
      const fetched = requests.reduce((sum, { start, end }) => sum + end + 1 - start, 0);
      assert.ok(fetched < file.length / 16, `${fetched} of ${file.length} bytes`);
      assert.ok(requests.length <= 12, `${requests.length} requests`);
    });
  });

  it('has the values that it has as a file', async () => {
    const window = { column: 300, row: 200, width: 120, height: 120 };
    const file = await openGeoTiff(local);
    const expected = await file.read(window);
    await file.close();
    await withServer(honest, async (address, requests) => {
      const bands = ['red', 'infrared'];
      const patch = await readGeoTiffPatch(address, { bands, window });
      assert.deepEqual(patch.image.data, expected);
      assert.equal(patch.name, 'cloud.tif');
      assert.ok(requests.length <= 6, `${requests.length} requests`);
      const image = await openLargeImage(address, { bands, select: ['infrared'] });
      assert.deepEqual(image.name, 'cloud.tif');
      const part = await image.read(window);
      assert.deepEqual(part.image.data, expected.subarray(120 * 120));
      assert.deepEqual(part.georeference, patch.georeference);
      await image.close();
    });
  });

  it('is refused where the server does not have it, sends elsewhere or cannot answer ranges', async () => {
    const status =
      (code: number, headers: Record<string, string> = {}): Answer =>
      (response) => {
        response.writeHead(code, headers).end('something');
      };
    const cases: readonly (readonly [Answer, RegExp])[] = [
      [status(404), /the server does not have the file.*206.*status 404/],
      [status(500), /status 500/],
      [status(200), /the server does not answer ranges.*Download the file/],
      [status(302, { location: 'http://elsewhere.example/x.tif' }), /another address.*elsewhere.*Give that/],
      [status(206), /answers another range.*no Content-Range/],
      [status(206, { 'content-range': 'bytes 5-16383/99999' }), /answers another range.*bytes 5-16383/],
      [status(206, { 'content-range': 'bytes 0-99998/99999' }), /answers another range/],
      [status(206, { 'content-range': 'bytes 0-16383/*' }), /answers another range/],
      [status(206, { 'content-range': 'bytes 0-16383/99999' }), /shorter than announced.*16384 bytes.*9/],
      [status(206, { 'content-range': 'bytes 0-3/4' }), /longer than announced/],
      [(response) => response.destroy(), /cannot be fetched/],
      [
        (response) => {
          response.writeHead(206, { 'content-range': 'bytes 0-16383/99999', 'content-length': '16384' });
          response.write('x', () => response.destroy());
        },
        /ends too early/,
      ],
    ];
    for (const [answer, expected] of cases) {
      await withServer(answer, async (address) => {
        const shown = address.replace('?key=secret', '');
        await refusesInput(() => openGeoTiff(address), shown, expected);
        await assert.rejects(openGeoTiff(address), (thrown: Error) => !thrown.message.includes('secret'));
      });
    }
  });

  it('is refused where the server changes its mind about the size, or stops answering', async () => {
    const window = { column: 0, row: 0, width: 700, height: 600 };
    const later =
      (wrong: Answer): Answer =>
      (response, asked, count) =>
        (count === 1 ? honest : wrong)(response, asked, count);
    const cases: readonly (readonly [Answer, RegExp])[] = [
      [
        later((response, { start, end }) => {
          response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${bytes.length + 1}` });
          response.end(bytes.subarray(start, end + 1));
        }),
        /answers another range/,
      ],
      [later((response) => void response.writeHead(404).end()), /does not have the file/],
      [
        // Longer than it is: then the directory points at what no answer brings.
        (response, { start, end }) => {
          response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${10 * bytes.length}` });
          response.end(bytes.subarray(start, end + 1));
        },
        /shorter than announced|damaged|cannot be decoded/,
      ],
      [
        (response, { start, end }) => {
          const last = Math.min(end, 19_999);
          response.writeHead(206, { 'content-range': `bytes ${start}-${last}/20000` });
          response.end(bytes.subarray(start, last + 1));
        },
        /pixels are missing; the file is cut short/,
      ],
    ];
    for (const [answer, expected] of cases) {
      await withServer(answer, async (address) => {
        await assert.rejects(
          async () => {
            const file = await openGeoTiff(address);
            await file.read(window);
            // Where all of it was read, the end must still be missing.
            throw new Error('was read');
          },
          { name: 'InputError', message: expected },
        );
      });
    }
    await withServer(
      () => undefined,
      async (address) => {
        await refusesInput(
          () => openHttpFile(address, { todo: 'Wait.', timeout: 200 }),
          address.replace('?key=secret', ''),
          /no answer within 0\.2 s.*Wait\./,
        );
      },
    );
  });

  it('is what landlens map explains, tile by tile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-map-'));
    try {
      const [bands, height, width] = [12, 120, 130];
      const image = Float32Array.from({ length: bands * height * width }, (_, i) => 500 + (i % 997));
      const file = encodeGeoTiff(image, { bands, height, width, bandNames: sentinel2Bands });
      const outs = ['web', 'file'].map((name) => join(folder, `${name}.tif`));
      const path = join(folder, 'image.tif');
      await writeFile(path, file);
      const options = ['--class', 'Pastures', '--method', 'saliency', '--overlap', '0'];
      await withServer(honestly(file), async (address) => {
        assert.equal(await mapCommand([address, outs[0], ...options]), 0);
      });
      assert.equal(await mapCommand([path, outs[1], ...options]), 0);
      assert.deepEqual(readFileSync(outs[0]), readFileSync(outs[1]));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of many small parts is fetched in few requests', async () => {
    await withServer(honest, async (address, requests) => {
      const file = await openHttpFile(address, { todo: '' });
      for (let i = 0; i < 500; i++) {
        const offset = (i * 97) % (bytes.length - 20);
        assert.deepEqual(Buffer.from(await file.read(offset, 20)), bytes.subarray(offset, offset + 20));
      }
      assert.ok(requests.length <= 4, `${requests.length} requests`);
    });
  });
});
