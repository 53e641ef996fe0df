/** A study on a real Slurm of two nodes, where it is installed: parts and a node are killed, and nothing is lost or doubled. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { isFile } from '../../lib/src/io/file.js';
import { createRandom } from '../../lib/src/random.js';
import { recordLines } from '../study/fixture.js';

const call = promisify(execFile);
const entry = fileURLToPath(new URL('../../lib/bin/landlens.js', import.meta.url));
const programs = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol'];

/** Why this machine cannot run it; empty where it can. */
function obstacle(): string {
  const absent = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (absent.length > 0) return `no ${absent.join(', ')}`;
  return process.getuid?.() === 0 ? '' : 'not root';
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject()));
    });
  });

interface Cluster {
  readonly environment: NodeJS.ProcessEnv;
  startNode(name: string): Promise<void>;
  /** The node is gone at once; what ran on it goes on unheard. */
  killNode(name: string): Promise<void>;
  stop(): Promise<void>;
}

const nodes = ['n1', 'n2'];

/** slurmctld, two slurmd of one core each and munged, all in one folder. */
async function startCluster(folder: string): Promise<Cluster> {
  const host = hostname().split('.')[0];
  const munge = join(folder, 'munge');
  await mkdir(munge);
  for (const name of ['state', ...nodes.map((node) => `spool.${node}`)]) await mkdir(join(folder, name));
  await chmod(folder, 0o755);
  const [owner, group] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'munge'], { encoding: 'utf8' }).stdout),
  );
  const key = join(munge, 'key');
  await writeFile(key, randomBytes(1024), { mode: 0o400 });
  for (const path of [munge, key]) await chown(path, owner, group);
  const socket = join(munge, 'socket');
  const mungeFiles = ['pid', 'log', 'seed'].map((kind) => `--${kind}-file=${join(munge, kind)}`);
  await promisify(execFile)('munged', ['--force', `--key-file=${key}`, `--socket=${socket}`, ...mungeFiles], {
    uid: owner,
    gid: group,
  });
  const [control, ...ports] = await Promise.all([freePort(), ...nodes.map(freePort)]);
  const settings = [
    ...['ClusterName=landlens', `SlurmctldHost=${host}(127.0.0.1)`, `SlurmctldPort=${control}`],
    // Jobs that are queued again start when old credentials have expired.
    ...[
      'AuthType=auth/munge',
      `AuthInfo=socket=${socket},cred_expire=5`,
      'SlurmUser=root',
      'SlurmdUser=root',
    ],
    ...[`StateSaveLocation=${folder}/state`, `SlurmdSpoolDir=${folder}/spool.%n`],
    ...[`SlurmctldPidFile=${folder}/control.pid`, `SlurmdPidFile=${folder}/%n.pid`],
    ...[`SlurmctldLogFile=${folder}/control.log`, `SlurmdLogFile=${folder}/%n.log`],
    ...['ProctrackType=proctrack/linuxproc', 'TaskPlugin=task/none', 'MpiDefault=none'],
    ...['SelectType=select/cons_tres', 'SelectTypeParameters=CR_Core', 'ReturnToService=2'],
    ...['SlurmdTimeout=10', 'KillWait=2', 'SchedulerParameters=sched_interval=2'],
    ...nodes.map(
      (node, i) =>
        `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=1 RealMemory=4000`,
    ),
    `PartitionName=all Nodes=${nodes.join(',')} Default=YES MaxTime=INFINITE State=UP`,
  ];
  const configuration = join(folder, 'slurm.conf');
  await writeFile(configuration, `${settings.join('\n')}\n`);
  const environment = { ...process.env, NODE_OPTIONS: '', SLURM_CONF: configuration };
  const pidOf = async (name: string): Promise<number> =>
    Number.parseInt(await readFile(join(folder, `${name}.pid`), 'utf8').catch(() => ''), 10);
  const startNode = async (node: string): Promise<void> => {
    await call('slurmd', ['-f', configuration, '-N', node], { env: environment });
  };
  const end = async (name: string, signal: NodeJS.Signals): Promise<void> => {
    const pid = await pidOf(name);
    if (Number.isFinite(pid)) {
      try {
        process.kill(pid, signal);
      } catch {
        // Already gone.
      }
    }
  };
  await call('slurmctld', ['-f', configuration], { env: environment });
  for (const node of nodes) await startNode(node);
  return {
    environment,
    startNode,
    killNode: (node) => end(node, 'SIGKILL'),
    async stop() {
      await call('scancel', ['--signal=KILL', '--state=RUNNING', '-u', 'root'], { env: environment }).catch(
        () => undefined,
      );
      for (const name of [...nodes, 'control']) await end(name, 'SIGKILL');
      const munged = Number.parseInt(await readFile(join(munge, 'pid'), 'utf8').catch(() => ''), 10);
      if (Number.isFinite(munged)) process.kill(munged, 'SIGTERM');
    },
  };
}

/** Processes that measure a part of the study in this folder. */
async function partProcesses(folder: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const words = line.split('\0');
    if (words.includes(folder) && words.includes('run') && /node$/.test(words[0])) found.push(Number(name));
  }
  return found;
}

/** By image and method, without what was measured of time, and where. */
async function recordsOf(folder: string): Promise<ReadonlyMap<string, unknown>> {
  const records = (await recordLines(folder)).map(({ device: _, metrics, ...record }) => ({
    ...record,
    metrics: { ...metrics, seconds: undefined },
  }));
  const found = new Map(records.map((record) => [`${record.imageIndex} ${record.method}`, record]));
  assert.equal(found.size, records.length, 'each is there once');
  return found;
}

const missing = obstacle();

describe(`a study on Slurm${missing === '' ? '' : ` (skipped: ${missing})`}`, function () {
  this.timeout(900_000);

  it('ends with the records of one process, though parts and a node are killed', async function () {
    if (missing !== '') this.skip();
    const folder = await mkdtemp(join(tmpdir(), 'landlens-slurm-'));
    const cluster = await startCluster(folder);
    const landlens = (...argv: readonly string[]) =>
      call(process.execPath, [entry, ...argv], { env: cluster.environment });
    try {
      const asked = ['--images', '12', '--methods', 'saliency,grad-cam'];
      await landlens('reproduce', ...asked, '--out', join(folder, 'whole'));
      const study = join(folder, 'study');
      await landlens('study', 'plan', ...asked, '--shards', '8', '--out', study);
      const limits = ['--cpus', '1', '--memory', '1900', '--time', '1:00:00', '--retries', '50'];
      await landlens('study', 'submit', study, '--slurm', '--go', ...limits);

      const random = createRandom('kills');
      let kills = 0;
      const since = Date.now();
      const merged = (): Promise<boolean> => isFile(join(study, 'table3.csv'));
      for (let round = 0; !(await merged()); round++) {
        assert.ok(
          Date.now() - since < 780_000,
          (await call('squeue', [], { env: cluster.environment })).stdout,
        );
        await sleep(1500);
        if (round === 8) await cluster.killNode('n1');
        if (round === 24) await cluster.startNode('n1');
        const running = await partProcesses(study);
        if (running.length > 0 && kills < 12 && random.chance(0.25)) {
          process.kill(random.pick(running), 'SIGKILL');
          kills++;
        }
      }
      assert.ok(kills > 0);
      assert.deepEqual(await recordsOf(study), await recordsOf(join(folder, 'whole')));
      console.log(`      ${kills} parts and 1 node killed`);
    } finally {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
