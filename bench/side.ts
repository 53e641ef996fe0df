/** One side of the comparison: a process of its own that answers one JSON line with another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from 'landlens/error';

/** A task that needs more memory than there is: an answer, not a fault of the benchmark. */
export class OutOfMemory extends Error {}

export interface Side {
  /** What the process said of itself when it started. */
  readonly greeting: Greeting;
  request<Answer>(message: { readonly command: string }): Promise<Answer>;
  /** Lets it end. */
  stop(): Promise<void>;
  /** Ends it at once: what is asked of it fails. */
  kill(): void;
  /** Whether its process is gone. */
  hasEnded(): boolean;
}

export interface Greeting {
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: number;
  /** Of the peer. */
  readonly device?: string;
}

interface Failure {
  readonly error?: { readonly kind: 'memory' | 'other'; readonly message: string };
}

type Piped = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** Starts the process and waits for its first line. It ends with its stdin, so with this process. */
export async function startSide(name: string, command: string, args: readonly string[]): Promise<Side> {
  // A group of its own: Ctrl+C reaches this process alone, which lets the present step end.
  const child: Piped = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let last = '';
  child.stderr.on('data', (chunk: Buffer) => {
    last = (last + chunk.toString()).slice(-2000);
  });
  let waiting: { resolve: (line: string) => void; reject: (reason: Error) => void } | undefined;
  let ended: Error | undefined;
  const end = (reason: Error): void => {
    ended ??= reason;
    waiting?.reject(ended);
    waiting = undefined;
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting?.resolve(line);
    waiting = undefined;
  });
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => end(new Error(`${name} did not start: ${error.message}`)));
  const closed = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      // The system's answer to a process that takes too much memory.
      const isKilled = signal === 'SIGKILL' || signal === 'SIGABRT' || code === 137;
      const text = `${name} ended (${signal ?? `status ${code}`}): ${last.trim().split('\n').slice(-3).join(' | ')}`;
      end(isKilled ? new OutOfMemory(text) : new Error(text));
      resolve();
    });
  });
  const nextLine = (): Promise<string> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) reject(ended);
      else waiting = { resolve, reject };
    });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const greeting: Greeting = JSON.parse(await nextLine());
  return {
    greeting,
    async request<Answer>(message: { readonly command: string }): Promise<Answer> {
      const answer = nextLine();
      child.stdin.write(`${JSON.stringify(message)}\n`);
      const parsed: Answer & Failure = JSON.parse(await answer);
      if (parsed.error === undefined) return parsed;
      const text = `${name}: ${parsed.error.message}`;
      throw parsed.error.kind === 'memory' ? new OutOfMemory(text) : new Error(text);
    },
    kill,
    hasEnded: () => ended !== undefined,
    async stop() {
      process.off('exit', kill);
      child.stdin.end();
      const patience = setTimeout(kill, 5000);
      await closed;
      clearTimeout(patience);
    },
  };
}

/** Answers lines on stdin until it ends: the other end of `startSide`, for a side in Node. */
export async function serve(
  greeting: Greeting,
  answer: (message: unknown) => Promise<object>,
): Promise<void> {
  const reply = (value: object): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  reply(greeting);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      reply(await answer(JSON.parse(line)));
    } catch (thrown) {
      reply({ error: { kind: 'other', message: messageOf(thrown) } });
    }
  }
}
