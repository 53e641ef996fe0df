/** The processes that compute: started when they are needed, and anew after they ended or were ended. */
import { fileURLToPath } from 'node:url';
import { type Greeting, type Side, startSide } from '../side.js';
import type { OpenMessage, RunMessage, Task, Timing } from '../task.js';

export interface LastingSide {
  /** Starts it, if it is not running, and says what it is. */
  greeting(): Promise<Greeting>;
  request<Answer>(message: { readonly command: string }): Promise<Answer>;
  run(task: Task, options?: Omit<RunMessage, 'command' | 'task'>): Promise<Timing>;
  /** Sets whether CUDA's convolutions may round to TF32, and says what holds; Captum's side alone knows it. */
  setPrecision(tf32: boolean): Promise<object>;
  /** Whenever it starts, the subject is opened; now it is ended. */
  open(message: OpenMessage): void;
  /** Ends it if it is at work. */
  endBusy(): void;
  end(): void;
}

export function createSide(start: () => Promise<Side>): LastingSide {
  let side: Side | undefined;
  let starting: Promise<Side> | undefined;
  let subject: OpenMessage | undefined;
  let pending = 0;
  async function running(): Promise<Side> {
    if (side !== undefined && !side.hasEnded()) return side;
    starting ??= start().finally(() => {
      starting = undefined;
    });
    side = await starting;
    if (subject !== undefined) await side.request(subject);
    return side;
  }
  const lasting: LastingSide = {
    greeting: async () => (await running()).greeting,
    async request<Answer>(message: { readonly command: string }): Promise<Answer> {
      pending++;
      try {
        return await (await running()).request<Answer>(message);
      } finally {
        pending--;
      }
    },
    run(task, options) {
      const message: RunMessage = { command: 'run', task, ...options };
      return lasting.request<Timing>(message);
    },
    setPrecision(tf32) {
      const message = { command: 'precision', tf32 };
      return lasting.request<object>(message);
    },
    open(message) {
      subject = message;
      lasting.end();
    },
    endBusy() {
      if (pending > 0) lasting.end();
    },
    end() {
      side?.kill();
      side = undefined;
    },
  };
  return lasting;
}

/** Of this file's kind: TypeScript in the repository, JavaScript where it is packed. */
export const suffix = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const bench = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export const startLandlens = (engine: string, threads: number): Promise<Side> =>
  startSide(`landlens on ${engine}`, process.execPath, [
    ...process.execArgv,
    bench(`ours${suffix}`),
    ...[String(threads), engine],
  ]);

export const startCaptum = (python: string, threads: number, memory: number): Promise<Side> =>
  startSide('Captum', python, [bench('peer/main.py'), String(threads), String(memory), 'auto']);
