/**
 * Packs what bench/gpu/run.sh needs on a machine that has a GPU's driver and Python with PyTorch, but no Node, npm or
 * network: `npm run bench:gpu-pack [-- FOLDER] [--trial]`, on Linux with x64, tar, xz, pip and the libraries that it copies.
 * `--trial` packs quickly, programs as they are, without Captum and the default network: for `run.sh OUT --network small`
 * or `resnet50`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { runCommand } from 'landlens/command/commandLine';
import { InputError, messageOf } from 'landlens/error';
import ts from 'typescript';
import { repositoryRoot } from '../../tools/repositoryRoot.js';

/** Of figures and notebooks, which the check does not make: their files are large. */
const unused = ['@napi-rs/canvas', '@resvg/resvg-js', 'dejavu-fonts-ttf', 'jsdom', 'plotly.js-dist'];

/** The Vulkan loader, and what NVIDIA's driver is linked with where it draws on a display. */
const loader = ['libvulkan.so.1'];
const display = [
  ...[
    'libX11.so.6',
    'libXext.so.6',
    'libxcb.so.1',
    'libXau.so.6',
    'libXdmcp.so.6',
    'libbsd.so.0',
    'libmd.so.0',
  ],
  ...['libEGL.so.1', 'libGL.so.1', 'libGLX.so.0', 'libGLdispatch.so.0'],
];

/** How xz sees what it packs: programs have addresses of x86, the network has numbers of two bytes. */
const filters = {
  program: ['--x86', '--lzma2=preset=9e,dict=64MiB'],
  halves: ['--lzma2=preset=9e,dict=32MiB,lc=0,lp=1,pb=1'],
  text: ['--lzma2=preset=9e,dict=32MiB'],
  quick: ['-0'],
} as const;

function run(command: string, args: readonly string[]): Buffer {
  try {
    return execFileSync(command, args, { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (thrown) {
    const what = `${command} failed: ${messageOf(thrown).split('\n').slice(0, 3).join(' ')}`;
    throw new InputError({
      what,
      where: [command, ...args].join(' '),
      todo: 'Install what it says is missing.',
    });
  }
}

/** Folder of an installed package, as seen from another one. */
function packageFolder(name: string, from: string): string {
  for (const folder of createRequire(join(from, 'package.json')).resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name, 'package.json'))) return join(folder, name);
  }
  throw new InputError({ what: 'a package is not installed', where: name, todo: 'Run npm ci.' });
}

function dependenciesOf(folder: string): readonly string[] {
  const description: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const found = description !== null && typeof description === 'object' && 'dependencies' in description;
  return found ? Object.keys(description.dependencies ?? {}) : [];
}

/** The packages that landlens loads, each with its folder; onnxruntime-node's own are for its installation. */
function packages(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const add = (name: string, from: string): void => {
    if (found.has(name) || unused.includes(name)) return;
    const folder = packageFolder(name, from);
    found.set(name, folder);
    const needed = dependenciesOf(folder);
    const loaded =
      name === 'onnxruntime-node' ? needed.filter((one) => one === 'onnxruntime-common') : needed;
    for (const one of loaded) add(one, folder);
  };
  const lib = join(repositoryRoot, 'lib');
  for (const name of dependenciesOf(lib)) add(name, lib);
  return found;
}

/** Code alone: no maps, types, documents, or builds for browsers. */
const isCode = (path: string): boolean =>
  statSync(path).isDirectory()
    ? !/[\\/](bin|\.[a-z]+-types)$/.test(path)
    : /\.([cm]?js|json|wasm)$/.test(path) && !/\.min\.[cm]?js$|tsbuildinfo/.test(path);

function copyCode(from: string, to: string): void {
  cpSync(from, to, { recursive: true, dereference: true, filter: (path) => path === from || isCode(path) });
}

/** The benchmark as JavaScript, and the peer. */
function copyBench(to: string): void {
  const from = join(repositoryRoot, 'bench');
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    const target = join(to, name);
    mkdirSync(dirname(target), { recursive: true });
    if (name.endsWith('.py')) cpSync(join(from, name), target);
    if (!name.endsWith('.ts') || name.endsWith('gpu/pack.ts')) continue;
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
    const { outputText } = ts.transpileModule(readFileSync(join(from, name), 'utf8'), { compilerOptions });
    writeFileSync(target.replace(/\.ts$/, '.js'), outputText);
  }
}

/** Copies of this system's libraries, without symbols; those that are not installed are returned. */
function copyLibraries(names: readonly string[], to: string): readonly string[] {
  mkdirSync(to, { recursive: true });
  const listed = run('/sbin/ldconfig', ['-p']).toString();
  return names.filter((name) => {
    const path = new RegExp(`${name.replaceAll('.', '\\.')} .*x86-64.* => (\\S+)$`, 'm').exec(listed)?.[1];
    if (path === undefined) return true;
    cpSync(path, join(to, name), { dereference: true });
    return false;
  });
}

/** Captum's wheel is plain Python: unpacked, it is installed. */
function copyCaptum(to: string, cache: string): void {
  const requirements = readFileSync(join(repositoryRoot, 'bench/requirements.txt'), 'utf8');
  const wanted = /^captum==.*$/m.exec(requirements)?.[0] ?? 'captum';
  const isWheel = (name: string): boolean => name.startsWith(`${wanted.replace('==', '-')}-`);
  const wheel = (): string | undefined => readdirSync(cache).find(isWheel);
  if (wheel() === undefined) {
    run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', cache, wanted]);
  }
  run('python3', ['-m', 'zipfile', '-e', join(cache, wheel() ?? ''), to]);
}

/** One archive of a folder, compressed by a filter, anew only where its content has changed; its size in bytes. */
function archive(
  name: string,
  folder: string,
  filter: keyof typeof filters | undefined,
  out: string,
): number {
  const still = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
  ];
  const tar = run('tar', [...still, '-C', folder, '-cf', '-', '.']);
  const options = filter === undefined ? [] : filters[filter];
  const hash = createHash('sha256').update(tar).update(options.join()).digest('hex').slice(0, 12);
  const path = join(out, `${name}-${hash}.tar${filter === undefined ? '' : '.xz'}`);
  for (const old of readdirSync(out)) {
    if (old.startsWith(`${name}-`) && /\.tar(\.xz)?$/.test(old) && old !== basename(path))
      rmSync(join(out, old));
  }
  if (filter === undefined) writeFileSync(path, tar);
  else if (!existsSync(path)) {
    const plain = join(folder, '..', `${name}.tar`);
    writeFileSync(plain, tar);
    run('xz', ['-T1', ...options, plain]);
    cpSync(`${plain}.xz`, path);
  }
  return statSync(path).size;
}

function pack(out: string, isTrial: boolean): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new InputError({
      what: 'the pack is made of this system',
      where: process.platform,
      expected: 'Linux on x64',
    });
  }
  mkdirSync(out, { recursive: true });
  const cache = join(out, 'wheels');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'landlens-pack-'));
  try {
    const part = (name: string): string => join(work, name);
    const found = packages();

    const node = part('node/bin/node');
    cpSync(process.execPath, node, { dereference: true });
    if (!isTrial) run('strip', ['--strip-all', node]);

    const runtime = 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64';
    const binaries = join(found.get('onnxruntime-node') ?? '', 'bin/napi-v6/linux/x64');
    cpSync(binaries, part(join('onnxruntime', runtime)), {
      recursive: true,
      dereference: true,
      filter: (path) => !/providers_(cuda|tensorrt)/.test(path),
    });

    for (const [name, folder] of found) copyCode(folder, part(join('code/node_modules', name)));
    const lib = 'code/node_modules/landlens';
    copyCode(join(repositoryRoot, 'lib/dist'), part(join(lib, 'dist')));
    cpSync(join(repositoryRoot, 'lib/package.json'), part(join(lib, 'package.json')));
    copyBench(part('code/bench'));
    writeFileSync(part('code/package.json'), '{ "type": "module" }\n');
    if (!isTrial) copyCaptum(part('code/site'), cache);
    const missing = [
      ...copyLibraries(loader, part('code/vulkan')),
      ...copyLibraries(display, part('code/display')),
    ];
    if (missing.length > 0) console.log(`Not installed here, and so not packed: ${missing.join(', ')}`);

    const network = part('network/node_modules/landlens/data');
    mkdirSync(network, { recursive: true });
    cpSync(join(repositoryRoot, 'data/densenet121-scenes.onnx'), join(network, 'densenet121-scenes.onnx'));

    const quick = { program: undefined, halves: 'quick', text: 'quick' } as const;
    const sizeOf = (name: string, filter: keyof typeof quick): number =>
      archive(name, part(name), isTrial ? quick[filter] : filter, out);
    const sizes = {
      ...{ node: sizeOf('node', 'program'), onnxruntime: sizeOf('onnxruntime', 'program') },
      ...{ code: sizeOf('code', 'text') },
      ...(!isTrial && { network: sizeOf('network', 'halves') }),
    };
    cpSync(join(repositoryRoot, 'bench/gpu/run.sh'), join(out, 'run.sh'));
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    const texts = Object.entries(sizes).map(([name, size]) => `${name} ${(size / 2 ** 20).toFixed(1)} MiB`);
    console.log(`${out}: ${(total / 2 ** 20).toFixed(1)} MiB (${texts.join(', ')}), and run.sh`);
  } finally {
    rmSync(work, { recursive: true });
  }
}

runCommand(async (argv) => {
  const [folder = join(repositoryRoot, 'results/gpu-pack')] = argv.filter((word) => !word.startsWith('--'));
  pack(resolve(folder), argv.includes('--trial'));
  return 0;
});
