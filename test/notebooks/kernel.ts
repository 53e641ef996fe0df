/** Talks to the notebooks' kernel as Jupyter does (Jupyter's messages over ZeroMQ), to interrupt it at a known moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// The one that the kernel itself brings.
import { Dealer, Subscriber } from 'zeromq';

/** What the kernel says about a cell: its outputs, in words. */
export type OnOutput = (text: string) => void;

export interface Kernel {
  /** Runs a cell to its end; the status of its reply, all that it printed, and the HTML among it. */
  execute(
    code: string,
    onOutput?: OnOutput,
  ): Promise<{ readonly status: string; readonly text: string; readonly html: string }>;
  /** What Shift+Tab shows with the cursor behind the last character of the code. */
  inspect(code: string): Promise<string>;
  interrupt(): void;
  close(): Promise<void>;
}

const delimiter = '<IDS|MSG>';
const key = 'test';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(address)));
    });
  });
}

function encode(type: string, content: object): { readonly id: string; readonly frames: string[] } {
  const id = randomUUID();
  const header = { msg_id: id, msg_type: type, session: 'test', username: 'test', version: '5.3' };
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  const hash = createHmac('sha256', key);
  for (const part of parts) hash.update(part);
  return { id, frames: [delimiter, hash.digest('hex'), ...parts] };
}

interface Message {
  readonly type: string;
  readonly parent: string;
  readonly content: Readonly<Record<string, unknown>>;
}

function decode(frames: readonly Buffer[]): Message {
  const start = frames.findIndex((frame) => frame.toString() === delimiter) + 2;
  const [header, parent, , content] = frames.slice(start).map((frame) => JSON.parse(frame.toString()));
  return { type: header.msg_type, parent: parent.msg_id, content };
}

/** A form of what was displayed; empty where it has none. */
function formOf({ content: { data } }: Message, type: string): string {
  return typeof data === 'object' && data !== null
    ? String(Object.entries(data).find(([key]) => key === type)?.[1] ?? '')
    : '';
}

/** What an output shows: a stream's text, or the plain form of what was displayed. */
const textOf = (message: Message): string => {
  const { text } = message.content;
  return typeof text === 'string' ? text : `${formOf(message, 'text/plain')}\n`;
};

/** Starts a kernel in the folder. */
export async function startKernel(root: string): Promise<Kernel> {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-kernel-'));
  const [shell, iopub, stdin, control, hb] = await Promise.all(Array.from({ length: 5 }, freePort));
  const connection = join(folder, 'connection.json');
  await writeFile(
    connection,
    JSON.stringify({
      ...{ shell_port: shell, iopub_port: iopub, stdin_port: stdin, control_port: control, hb_port: hb },
      ...{ ip: '127.0.0.1', key, transport: 'tcp', signature_scheme: 'hmac-sha256', kernel_name: 'tslab' },
    }),
  );
  const program = createRequire(join(root, 'package.json')).resolve('tslab/bin/tslab');
  const child: ChildProcess = spawn(process.execPath, [program, 'kernel', '--config-path', connection], {
    cwd: join(root, 'notebooks'),
    // Jupyter interrupts the kernel's whole group.
    ...{ stdio: 'ignore', detached: true },
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the kernel ended: ${code ?? signal}`);
  });
  ended.catch(() => undefined);
  const dealer = new Dealer();
  const subscriber = new Subscriber();
  dealer.connect(`tcp://127.0.0.1:${shell}`);
  subscriber.connect(`tcp://127.0.0.1:${iopub}`);
  subscriber.subscribe('');
  const listeners = new Map<string, (message: Message) => void>();
  const listen = async (socket: AsyncIterable<Buffer[]>): Promise<void> => {
    for await (const frames of socket) {
      const message = decode(frames);
      listeners.get(message.parent)?.(message);
    }
  };
  void listen(dealer);
  void listen(subscriber);
  // What the kernel publishes before the subscription has reached it is lost.
  const isHeard = (): Promise<boolean> =>
    new Promise((resolve) => {
      const { id, frames } = encode('kernel_info_request', {});
      const done = (heard: boolean): void => {
        listeners.delete(id);
        clearTimeout(timer);
        resolve(heard);
      };
      const timer = setTimeout(done, 2000, false);
      listeners.set(id, ({ type }) => {
        if (type === 'status') done(true);
      });
      void dealer.send(frames);
    });
  while (!(await Promise.race([isHeard(), ended])));
  return {
    execute: (code, onOutput = () => undefined) =>
      new Promise((resolve, reject) => {
        const { id, frames } = encode('execute_request', { code, silent: false, store_history: true });
        let text = '';
        let html = '';
        let status: string | undefined;
        let isIdle = false;
        listeners.set(id, (message) => {
          if (message.type === 'execute_reply') status = String(message.content.status);
          else if (message.type === 'status') isIdle = message.content.execution_state === 'idle';
          else if (['stream', 'display_data', 'update_display_data'].includes(message.type)) {
            const shown = textOf(message);
            text += shown;
            html += formOf(message, 'text/html');
            onOutput(shown);
          }
          // The outputs come on another way than the reply.
          if (status === undefined || !isIdle) return;
          // For 200 ms after a failed cell tslab refuses those that were sent before it failed.
          setTimeout(resolve, status === 'ok' ? 0 : 1000, { status, text, html });
        });
        ended.catch(reject);
        dealer.send(frames).catch(reject);
      }),
    inspect: (code) =>
      new Promise((resolve, reject) => {
        const request = { code, cursor_pos: code.length, detail_level: 0 };
        const { id, frames } = encode('inspect_request', request);
        listeners.set(id, (message) => {
          if (message.type === 'inspect_reply') resolve(formOf(message, 'text/plain'));
        });
        ended.catch(reject);
        dealer.send(frames).catch(reject);
      }),
    interrupt() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    },
    async close() {
      dealer.close();
      subscriber.close();
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
    },
  };
}
