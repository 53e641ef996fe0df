/** The table and the figure of `npm run bench:coverage`. */
import { escapeText, type PlotlyFigure } from 'landlens/figure/plotly';
import { axis, baseLayout, ink, palette } from 'landlens/figure/theme';
import { markdownTable } from 'landlens/text';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { CoverageResult } from './coverageRecords.js';
import { type Variant, variants } from './variants.js';

interface Row {
  readonly variant: Variant;
  readonly count: number;
  readonly results: readonly CoverageResult[];
}

const rowsOf = (results: readonly CoverageResult[]): readonly Row[] =>
  variants.flatMap((variant) =>
    variant.counts.flatMap((count) => {
      const found = results.filter((result) => result.variant === variant.id && result.count === count);
      return found.length === 0 ? [] : [{ variant, count, results: found }];
    }),
  );

/** Mean with its standard deviation over the images; a single image has none. */
function spread(values: readonly number[], show: (value: number) => string): string {
  if (values.length < 2) return show(mean([...values]));
  return `${show(mean([...values]))} ± ${show(sampleStandardDeviation([...values]))}`;
}

const percent = (share: number): string => (100 * share).toFixed(1);

function cellsOf({ variant, count, results }: Row): readonly string[] {
  const shares = results.map(({ pixels }) => pixels);
  return [
    variant.name,
    `${count}`,
    `${results.length}`,
    spread(shares, percent),
    `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`,
    spread(
      results.map(({ values }) => values),
      percent,
    ),
    percent(mean(results.map(({ stated }) => stated))),
    percent(mean(results.map(({ truth }) => truth))),
    spread(
      results.map(({ truth, stated }) => truth / stated),
      (ratio) => ratio.toFixed(2),
    ),
  ];
}

const headings = [
  ...['Method', 'Samples', 'Images', 'Pixels held, %', 'least to most, %', 'Values held, %'],
  ...['Stated error, %', 'True error, %', 'True / stated'],
];

/** The share of each that a nominal 95 % interval holds, and the stated error beside the true one. */
export function coverageMarkdown(results: readonly CoverageResult[]): string {
  const origin = [...new Set(results.map(({ dataset, image }) => `${dataset} ${image}`))];
  const real = new Set(
    results.filter(({ rendered }) => !rendered).map(({ dataset, image }) => `${dataset} ${image}`),
  );
  return [
    '# Honesty of stated errors',
    '',
    `${origin.length} images, ${real.size} of them real. Held: the nominal 95 % interval (Student's t) holds the value of the`,
    'reference, whose own error is counted in; among the pixels (sums over the bands), and the values, that together hold',
    '99 % of the absolute sum of the reference. Errors are relative L2 errors of the whole attribution. ± is the standard',
    'deviation over the images.',
    '',
    ...markdownTable(headings, rowsOf(results).map(cellsOf)),
    '',
  ].join('\n');
}

const symbols = ['circle', 'square', 'triangle-up'] as const;

/** Stated against true error, one point for each image, variant and count; a colour for each limit; real patches are open. */
export function coverageFigure(results: readonly CoverageResult[]): PlotlyFigure {
  const limits = [...new Set(variants.map(({ limit }) => limit))];
  const errors = results
    .flatMap(({ stated, truth }) => [100 * stated, 100 * truth])
    .filter((error) => error > 0);
  const [low, high] = [Math.min(...errors) / 1.15, Math.max(...errors) * 1.15];
  const range = [Math.log10(low), Math.log10(high)];
  const traces = variants.flatMap((variant) => {
    const siblings = variants.filter(({ limit }) => limit === variant.limit);
    const symbol = symbols[siblings.indexOf(variant)];
    const points = results.filter((result) => result.variant === variant.id);
    if (points.length === 0) return [];
    return [
      {
        ...{ type: 'scatter', mode: 'markers', name: escapeText(variant.name) },
        x: points.map(({ stated }) => 100 * stated),
        y: points.map(({ truth }) => 100 * truth),
        marker: {
          ...{ size: 9, color: palette[limits.indexOf(variant.limit)], line: { width: 1.5 } },
          symbol: points.map(({ rendered }) => (rendered ? symbol : `${symbol}-open`)),
        },
      },
    ];
  });
  const diagonal = {
    ...{ type: 'scatter', mode: 'lines', name: 'true = stated', x: [low, high], y: [low, high] },
    line: { color: ink, dash: 'dash', width: 1 },
  };
  const scale = { type: 'log', range, tickvals: [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200] };
  return {
    data: [diagonal, ...traces],
    layout: {
      ...baseLayout('Stated and true errors; open: real patches', { width: 950, height: 620 }),
      xaxis: axis('Stated relative error (%)', scale),
      yaxis: axis('True relative error (%)', scale),
    },
  };
}
