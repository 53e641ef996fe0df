/** Opens a page in headless Chromium, cut off from every network, and says what happened in it. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Path of a Chromium or Chrome: CHROMIUM_PATH, else one on the PATH; undefined where there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM_PATH: chosen, PATH = '' } = process.env;
  if (chosen !== undefined) return chosen;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return PATH.split(delimiter)
    .concat('/usr/bin')
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(existsSync);
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}

/** One figure of a page as it was drawn. */
export interface DrawnPlot {
  /** Whether its drawing has an area and all its traces are in it. */
  readonly isDrawn: boolean;
  readonly title: string;
}

export interface PageReport {
  /** Figures that the page holds, drawn or not. */
  readonly figures: number;
  readonly plots: readonly DrawnPlot[];
  /** Errors and warnings of the console, and errors that nothing caught. */
  readonly errors: readonly string[];
  /** Addresses asked for beside the page itself. */
  readonly requests: readonly string[];
  /** Pixels that the page is wider than its window. */
  readonly overflow: number;
  /** Pictures that could not be decoded. */
  readonly brokenImages: number;
}

/** Opens a page that lies in a file and waits until its figures are drawn. */
export async function inspectPage(browser: Browser, path: string): Promise<PageReport> {
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  const errors: string[] = [];
  const requests: string[] = [];
  const address = pathToFileURL(path).href;
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url === address) return route.continue();
    requests.push(url);
    return route.abort();
  });
  try {
    await page.goto(address, { waitUntil: 'load' });
    await waitForPlots(page);
    const seen = await page.evaluate(() => ({
      figures: document.querySelectorAll('figure.plot').length,
      plots: [...document.querySelectorAll<HTMLElement>('.js-plotly-plot')].map((plot) => {
        const box = plot.querySelector('svg.main-svg')?.getBoundingClientRect();
        const traces = plot.querySelectorAll('.trace, .hm, .pietrace, .imagelayer image, .scatterlayer > g');
        return {
          isDrawn: box !== undefined && box.width > 0 && box.height > 0 && traces.length > 0,
          title: plot.querySelector('.gtitle')?.textContent ?? '',
        };
      }),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      brokenImages: [...document.images].filter(
        ({ complete, naturalWidth }) => !complete || naturalWidth === 0,
      ).length,
    }));
    return { ...seen, errors, requests };
  } finally {
    await page.close();
  }
}

/** A figure's picture is taken away when the figure is drawn; one that is not drawn keeps it, and is found by count. */
async function waitForPlots(page: Page): Promise<void> {
  await page
    .waitForFunction(() => document.querySelector('figure.plot > img') === null, undefined, {
      timeout: 30_000,
    })
    .catch(() => undefined);
}
