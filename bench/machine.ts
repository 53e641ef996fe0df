/** The machine, the code and the memory that a run is of. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, freemem, type as systemType, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${systemType()} ${arch()}`,
  };
}

/** Bytes that a new process could take. */
export async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

/** A digest of the compiled library and the benchmark: measurements of other code are not continued. */
export async function codeDigest(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['lib/dist', 'bench']) {
    const names = await readdir(join(root, folder), { recursive: true });
    for (const name of names
      .filter((path) => /\.(js|ts|py|txt)$/.test(path) && !path.endsWith('.d.ts'))
      .sort()) {
      hash.update(name).update(await readFile(join(root, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
