/** What the commands share: numbers from arguments, Ctrl+C, and errors as one line. */
import { defaultEngine, engineNames } from '../engine/engines.js';
import { InputError } from '../error.js';

/** Exit status of a command that Ctrl+C stopped: 128 + SIGINT. */
export const interrupted = 130;

/** Aborts at the first Ctrl+C, so that the present step is finished, and ends the process at the second. */
export function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  let since = 0;
  process.on('SIGINT', () => {
    if (!controller.signal.aborted) {
      since = Date.now();
      controller.abort();
      process.stderr.write('\nStopping after the present step; Ctrl+C again stops at once (and loses it).\n');
      return;
    }
    // npm passes on the signal that the terminal has already sent: one key press arrives twice.
    if (Date.now() - since > 1000) process.exit(interrupted);
  });
  return controller.signal;
}

/** The number that an option gives; InputError where it is not one that `isValid` accepts. */
export function parseNumber(
  name: string,
  text: string,
  isValid: (value: number) => boolean,
  expected: string,
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (isValid(value)) return value;
  throw new InputError({ what: 'not a valid number', where: `--${name}`, expected, got: `"${text}"` });
}

/** The line of `--help` about the engine; what it does begins `column` characters after the option. */
export function engineHelp(column: number): string {
  const names = `${engineNames.slice(0, -1).join(', ')} or ${engineNames.at(-1)}`;
  return `${'--engine <name>'.padEnd(column)}${names} (default: ${defaultEngine}); npx landlens engines says which work here`;
}

/** Runs a command to its exit status; wrong input is one line on stderr and status 1. */
export async function runCommand(main: (argv: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (thrown) {
    const isUsage =
      thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE');
    if (!(thrown instanceof InputError) && !isUsage) throw thrown;
    console.error(isUsage ? `${thrown.message} See --help.` : thrown.message);
    process.exitCode = 1;
  }
}
