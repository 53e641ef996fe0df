/** One line of a terminal that is drawn anew in place, never wider than the terminal. */
import { oneLine } from '../text.js';

export interface TerminalStream {
  readonly isTTY?: boolean;
  /** Of the terminal at this moment; any number where absent. */
  readonly columns?: number;
  write(text: string): unknown;
}

export interface StatusLine {
  /** Draws the first of the texts that fits, from the longest to the shortest; the last is cut where it must be. */
  show(...texts: readonly [string, ...string[]]): void;
  /** Leaves the line, which stays. */
  finish(): void;
}

/** Columns that a character takes, at most: from here on lie the wide ones of Chinese, Japanese and Korean, and emoji. */
const columnsOf = (character: string): number => ((character.codePointAt(0) ?? 0) >= 0x2e80 ? 2 : 1);
const widthOf = (text: string): number => [...text].reduce((sum, each) => sum + columnsOf(each), 0);

function cut(text: string, room: number): string {
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += columnsOf(character);
    if (width > room) break;
    kept += character;
  }
  return kept;
}

export function createStatusLine(stream: TerminalStream): StatusLine {
  let drawn = 0;
  return {
    show(...texts) {
      // The last column stays free: writing there moves some terminals to the next line.
      const room = stream.columns === undefined ? Number.POSITIVE_INFINITY : Math.max(0, stream.columns - 1);
      const lines = texts.map(oneLine);
      const text = cut(lines.find((line) => widthOf(line) <= room) ?? lines[lines.length - 1], room);
      const width = widthOf(text);
      const blanks = Math.max(0, Math.min(drawn, room) - width);
      drawn = width;
      stream.write(`\r${text}${' '.repeat(blanks)}`);
    },
    finish() {
      if (drawn > 0) stream.write('\n');
      drawn = 0;
    },
  };
}
