/** Which packages of TensorFlow.js can be used here, and why the others cannot. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readPackage } from './versions.js';

/** From the fastest to the one that runs anywhere. */
export const tensorFlowPackages = [
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs',
] as const;

export type TensorFlowPackage = (typeof tensorFlowPackages)[number];

export interface UsablePackage {
  readonly name: TensorFlowPackage;
  readonly version: string;
  /** Of TensorFlow.js: "tensorflow" is the native library, "cpu" plain JavaScript. */
  readonly backend: 'tensorflow' | 'cpu';
  /** The file to load. */
  readonly path: string;
}

export interface UnusablePackage {
  readonly name: TensorFlowPackage;
  /** Why it cannot be used, and what to do. */
  readonly problem: string;
}

export type PackageAvailability = UsablePackage | UnusablePackage;

/** The binding that the install script of a native package builds or downloads. */
function hasBinding(folder: string): boolean {
  const library = join(folder, 'lib');
  return (
    existsSync(library) &&
    readdirSync(library).some((version) => existsSync(join(library, version, 'tfjs_binding.node')))
  );
}

const supported = (version: string): boolean => {
  const [major, minor] = version.split('.').map(Number);
  return major === 4 && minor >= 22;
};

function inspect(name: TensorFlowPackage, from: string | URL): PackageAvailability | undefined {
  const require = createRequire(from);
  let file: string;
  try {
    file = require.resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
  const { name: realName, version } = readPackage(file);
  if (realName !== name) return { name, problem: `stands for ${realName} ${version} here` };
  if (!supported(version))
    return { name, problem: `version ${version} is installed, 4.22 or a later 4.x is needed` };
  const native = name !== '@tensorflow/tfjs';
  if (native && !hasBinding(dirname(file))) {
    const rebuild = `npm rebuild ${name} --ignore-scripts=false`;
    return {
      name,
      problem: `version ${version} lacks its native library, which its install script fetches: ${rebuild}`,
    };
  }
  return { name, version, backend: native ? 'tensorflow' : 'cpu', path: require.resolve(name) };
}

/**
 * Looks for each package in the project in `folder` first, then where landlens itself is installed. Nothing is loaded:
 * a native library that is there may still fail to load, for example where CUDA is missing.
 */
export function tensorFlowAvailability(folder: string = process.cwd()): readonly PackageAvailability[] {
  return tensorFlowPackages.map((name) => {
    const found = [join(folder, 'package.json'), import.meta.url].flatMap(
      (from) => inspect(name, from) ?? [],
    );
    return (
      found.find((one) => 'path' in one) ??
      found.at(0) ?? { name, problem: `not installed: npm install ${name}` }
    );
  });
}
