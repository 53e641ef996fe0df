/** The HTML pages of the notebooks in a browser: every figure is drawn, nothing is asked of the network. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Browser } from 'playwright-core';
import { listNotebooks, writePages } from '../../tools/notebookRun.js';
import { findChromium, inspectPage, openBrowser } from './browser.js';
import { findJupyterOrSkip } from './jupyter.js';

const root = resolve(import.meta.dirname, '../..');

/** One pixel. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A notebook with text that would break a page if it were taken for HTML. */
function hostileNotebook(): string {
  const text = '</script><script>throw new Error("broken out")</script>';
  const output = (data: Record<string, unknown>) => ({ output_type: 'display_data', metadata: {}, data });
  const figure = {
    data: [{ type: 'scatter', x: [1, 2], y: [2, 3], name: text }],
    layout: { width: 850, height: 300, title: { text: 'hostile' } },
    config: {},
  };
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { language_info: { name: 'typescript' } },
    cells: [
      { cell_type: 'markdown', id: 'a', metadata: {}, source: 'See [two](02-two.ipynb).' },
      {
        cell_type: 'code',
        id: 'b',
        metadata: {},
        execution_count: 1,
        source: `const text = '${text}';`,
        outputs: [
          output({ 'application/vnd.plotly.v1+json': figure, 'image/png': png, 'text/plain': `"${text}` }),
          output({ 'text/plain': 'w'.repeat(500) }),
          output({ 'text/html': `<table><tr>${'<td>wwwwwwwwww</td>'.repeat(50)}</tr></table>` }),
        ],
      },
    ],
  });
}

describe('HTML pages of the notebooks', () => {
  let folder = '';
  let browser: Browser | undefined;
  let notebooks: readonly string[] = [];

  before(async function () {
    const chromium = findChromium();
    if (chromium === undefined) {
      console.log('      skipped: no Chromium was found (CHROMIUM_PATH, /usr/bin/chromium)');
      return this.skip();
    }
    this.timeout(300_000);
    const jupyter = await findJupyterOrSkip(this, root);
    folder = await mkdtemp(join(tmpdir(), 'landlens-pages-'));
    const hostile = join(folder, 'hostile.ipynb');
    await writeFile(hostile, hostileNotebook());
    const committed = (await listNotebooks(root)).map((name) => join(root, 'notebooks', name));
    notebooks = [hostile, ...committed];
    await writePages(notebooks, folder, { jupyter, root });
    browser = await openBrowser(chromium);
  });
  after(async () => {
    await browser?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  it('draw every figure, without an error, a request or a part beside the window', async () => {
    assert.ok(browser !== undefined && notebooks.length > 1);
    for (const notebook of notebooks) {
      const name = basename(notebook, '.ipynb');
      const page = await inspectPage(browser, join(folder, `${name}.html`));
      assert.deepEqual(page.errors, [], name);
      assert.deepEqual(page.requests, [], name);
      assert.equal(page.overflow, 0, name);
      assert.equal(page.brokenImages, 0, name);
      assert.equal(page.plots.length, page.figures, name);
      assert.ok(page.figures > 0, name);
      const empty = page.plots.filter(({ isDrawn }) => !isDrawn).map(({ title }) => title);
      assert.deepEqual(empty, [], name);
    }
  });
});
