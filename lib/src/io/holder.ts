/** The name that a process signs its locks and temporary files with, and whether that process is still there. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What a file's name says about the process that made it. */
export interface Holder {
  readonly pid: number;
  /** When the process started, in clock ticks since the system did, where the system tells: a pid is used again. */
  readonly start: string;
  /** Processes of another host, or in another container, cannot be seen from here. */
  readonly host: string;
}

function readOrNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Field 22 of /proc/<pid>/stat; the name of the program, before it, may hold spaces and brackets. */
function startOf(pid: number): string {
  const stat = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Containers may share a host's name: what tells their processes apart is the number of their namespace. */
const namespace = readOrNothing(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''));

const self: Holder = {
  pid: process.pid,
  start: startOf(process.pid),
  host: [hostname().slice(0, 60), namespace].filter((part) => part !== '').join(' '),
};

/** This process, as a part of a file name: for example "4711-98765-host%204026531836". */
export const signature = [self.pid, self.start, encodeURIComponent(self.host)].join('-');

/** The process behind a signature; undefined if it is none. */
export function holderOf(signed: string): Holder | undefined {
  const [, pid, start, host] = /^(\d{1,10})-(\d{0,20})-([\w%.!~*'()-]+)$/.exec(signed) ?? [];
  if (host === undefined) return undefined;
  try {
    return { pid: Number(pid), start, host: decodeURIComponent(host) };
  } catch {
    return undefined;
  }
}

/** Whether the process has certainly ended: one of another host, of which nobody knows, has not. */
export function isDead({ pid, start, host }: Holder): boolean {
  if (host !== self.host) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: there is such a process, of another user.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH';
  }
  const now = startOf(pid);
  return start !== '' && now !== '' && start !== now;
}

/** In words, for messages. */
export function describeHolder({ pid, host }: Holder): string {
  const [name, container] = host.split(' ');
  if (host === self.host) return pid === self.pid ? `this process (${pid})` : `process ${pid}`;
  return `process ${pid} on ${name}${container === undefined ? '' : ` (process namespace ${container})`}`;
}
