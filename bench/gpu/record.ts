/** What the check finds, written as soon as it is known: results.jsonl for programs, log.txt for people. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Recorder {
  /** Adds one line of JSON, with the seconds since the start. */
  keep(kind: string, values: object): void;
  /** Adds a line to the log and prints it. */
  say(text: string): void;
}

export function createRecorder(folder: string): Recorder {
  mkdirSync(folder, { recursive: true });
  const since = performance.now();
  const seconds = (): number => Math.round((performance.now() - since) / 100) / 10;
  return {
    keep: (kind, values) =>
      appendFileSync(
        join(folder, 'results.jsonl'),
        `${JSON.stringify({ at: seconds(), kind, ...values })}\n`,
      ),
    say(text) {
      const line = `${seconds().toFixed(1).padStart(6)} s  ${text}`;
      console.log(line);
      appendFileSync(join(folder, 'log.txt'), `${line}\n`);
    },
  };
}
