/** Names that would do something in the place that they are written into: they are shown there, and do nothing. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';
import { describe, it } from 'mocha';
import { InputError } from '../lib/src/error.js';
import { escapeText } from '../lib/src/figure/plotly.js';
import { tableHtml } from '../lib/src/notebook/table.js';
import { csv } from '../lib/src/study/tables.js';
import { htmlText, markdownTable, markdownText, oneLine, plainText } from '../lib/src/text.js';

const { parse } = createRequire(new URL('../lib/package.json', import.meta.url))('csv-parse/sync');

const names = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  'a|b',
  '=HYPERLINK("x")',
  '[a](javascript:alert(1)) `b` *c* _d_',
  '\u001b[2J',
  'one\r\n\ntwo',
  'evil\u202etxt.exe',
  '$x$ %{y} &lt;',
];

describe('a table of Markdown', () => {
  it('has its numbers to the right', () => {
    const table = markdownTable(['class', 'F1'], [['Pastures', '0.97']]);
    assert.deepEqual(table, ['| class | F1 |', '| --- | ---: |', '| Pastures | 0.97 |']);
  });
});

describe('names in what is written', () => {
  it('drive no terminal and end no line', () => {
    for (const name of names) {
      assert.match(oneLine(name), /^[^\p{Cc}\u2028\u2029\u202a-\u202e]*$/u);
      assert.match(new InputError({ what: 'wrong', where: name }).message, /^(?:\P{Cc}|\n)*$/u);
      assert.doesNotMatch(new InputError({ what: 'wrong', where: name }).message, /\u202e/);
    }
    assert.equal(plainText('a\n\tb'), 'a\n\tb');
    assert.equal(oneLine('Forêt d’été, 水域 – 50 %'), 'Forêt d’été, 水域 – 50 %');
  });

  it('are text in HTML and in figures', () => {
    for (const name of names) {
      const { document } = new JSDOM(`<p title="${htmlText(name)}">${htmlText(name)}</p>`).window;
      const [p] = document.querySelectorAll('p');
      assert.equal(p.children.length, 0);
      assert.equal(p.title, name.replace(/\r\n?/g, '\n'));
      const table = tableHtml({ columns: [name], values: [[name]] }, { caption: name, notes: [name] });
      assert.equal(new JSDOM(table).window.document.querySelectorAll('img, script, a').length, 0);
      assert.doesNotMatch(escapeText(name), /[<>$\p{Cc}]|%\{/u);
    }
  });

  it('stay in their cell of a table of Markdown', () => {
    for (const name of names) {
      const cell = markdownText(name);
      assert.doesNotMatch(cell, /[\n<>]|(?<!\\)[|`*_[\]]/);
    }
    assert.equal(markdownText('a|b'), 'a\\|b');
  });

  it('are texts for a spreadsheet, where numbers stay numbers', () => {
    for (const name of names) {
      const [row] = parse(csv([{ name, value: -1.5 }]), { columns: true });
      assert.doesNotMatch(row.name, /^\s*[=+\-@]/);
      assert.equal(row.value, '-1.5');
    }
    assert.equal(csv([{ name: '=1+1' }]), "name\r\n'=1+1\r\n");
  });
});
