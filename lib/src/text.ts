/** Texts of unknown origin (names of data sets, classes, images, models) made harmless for what they are written into. */

/** What drives a terminal, and what turns the direction of the text that follows. */
const driving = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const replacement = '\ufffd';

/** Lines of text for a terminal: line ends and tabs stay, anything else that drives a terminal does not. */
export function plainText(text: string): string {
  return text.replace(driving, (found) => (found === '\n' || found === '\t' ? found : replacement));
}

/** A name within a line of text: it neither ends the line nor drives a terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\n\r\t\u2028\u2029]+/g, ' ').replace(driving, replacement);
}

/** Text within HTML, in an element or in a quoted attribute. */
export function htmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A name within a line or a cell of a table of Markdown: neither a tag, a link, emphasis nor the end of a cell. */
export function markdownText(name: string): string {
  return oneLine(name)
    .replace(/[\\`*_[\]|~#!]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A table of Markdown: the first column to the left, the others, which hold numbers, to the right. Cells are Markdown. */
export const markdownTable = (
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] =>
  [headings, headings.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );

/** A text as one word of a shell's command line. */
export const shellWord = (text: string): string =>
  /^[\w./:,=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** A table for a terminal: columns as wide as their longest text, numbers to the right. */
export function alignedTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  const lines = [headings, ...rows].map((cells) => cells.map((cell) => oneLine(String(cell))));
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const isNumeric = headings.map((_, column) => rows.every((cells) => typeof cells[column] === 'number'));
  const [head, ...body] = lines.map((cells) =>
    cells
      .map((cell, column) =>
        isNumeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
  return [head, '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)), ...body];
}

/** A text in a field of CSV: a spreadsheet takes what begins like a formula for one, unless an apostrophe marks it as text. */
export function csvText(text: string): string {
  const line = oneLine(text);
  return /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(line) ? `'${line}` : line;
}
