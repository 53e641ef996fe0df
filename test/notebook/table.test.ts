/** Tables in notebooks: numbers with their decimals, texts escaped, a text form that lines up. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { tableHtml, tableText } from '../../lib/src/notebook/table.js';

const table = {
  columns: ['Method', 'r', 'images'],
  values: [
    ['LIME', 0.123456, 8],
    ['<script>alert(1)</script> & "co"', -12, 10],
  ],
};

describe('tables', () => {
  it('line up as text, whole columns without decimals', () => {
    const short = {
      columns: ['Method', 'r', 'images'],
      values: [
        ['LIME', 0.123456, 8],
        ['Occlusion', -12, 10],
      ],
    };
    assert.equal(
      tableText(short, { caption: 'Table', decimals: { r: 3 }, notes: ['a note'] }),
      [
        'Table',
        'Method           r  images',
        '─────────  ───────  ──────',
        'LIME         0.123       8',
        'Occlusion  -12.000      10',
        'a note',
      ].join('\n'),
    );
  });

  it('escape every text in HTML', () => {
    const html = tableHtml(table, { caption: '<b>', notes: ['a < b'] });
    assert.doesNotMatch(html, /<script|<b>|a < b/);
    assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt; &amp; &quot;co&quot;/);
    assert.match(html, /<td style="text-align: right">0\.12<\/td>/);
  });

  it('show what is not there as blank or dash, never as NaN', () => {
    const gaps = {
      columns: ['a', 'b'],
      values: [
        [null, Number.NaN],
        [undefined, 1.5],
      ],
    };
    assert.doesNotMatch(tableText(gaps) + tableHtml(gaps), /NaN|null|undefined/);
  });

  it('take the single column of a series', () => {
    assert.match(tableText({ columns: ['n'], values: [1, 2] }), /1\n2$/);
  });
});
