/** Why onnxruntime does not start, in one sentence: what is missing, and what to do. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { failAt, type InputError, messageOf } from '../error.js';
import type { Provider } from './onnxRuntimeProviders.js';
import { firstLine } from './runtimeFailure.js';

const another = 'Choose another engine; npx landlens engines lists what is usable here.';

export function startFailure(provider: Provider, message: string): InputError {
  const where = `engine ${provider}`;
  const fail = failAt(where, another);
  if (/backend not found/.test(message)) {
    return fail(`onnxruntime-node does not have it for ${process.platform} ${process.arch}`);
  }
  if (provider === 'webgpu' && /WebGPU adapter/.test(message)) {
    return failAt(where, driverAdvice())('no GPU was found that WebGPU can use');
  }
  if (provider === 'cuda') return cudaFailure(where, message);
  return fail(`it does not start: ${firstLine(message)}`);
}

function driverAdvice(): string {
  if (process.platform === 'linux') {
    return "Install libvulkan1 and the GPU's Vulkan driver (NVIDIA's own, else Debian's mesa-vulkan-drivers).";
  }
  return `Install the GPU's driver${process.platform === 'win32' ? ', with Direct3D 12' : ''}.`;
}

function cudaFailure(where: string, message: string): InputError {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const library = join(root, `bin/napi-v6/${process.platform}/${process.arch}`, cudaLibrary);
  if (!existsSync(library)) {
    const script = relative(process.cwd(), join(root, 'script/install.js'));
    const todo = `Run node ${script} --onnxruntime-node-install=cuda12, which fetches them; CUDA 12 and cuDNN 9 are needed too, see docs/engines.md.`;
    return failAt(where, todo)("onnxruntime's CUDA libraries are not installed");
  }
  const todo =
    'CUDA 12, cuDNN 9 and the NVIDIA driver must be installed and found by the dynamic linker (LD_LIBRARY_PATH), see docs/engines.md.';
  return failAt(where, todo)(`it does not start: ${missingLibrary(library) ?? firstLine(message)}`);
}

const cudaLibrary = 'libonnxruntime_providers_cuda.so';

/** The library that the dynamic linker does not find; onnxruntime does not report it. */
function missingLibrary(path: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, path);
  } catch (thrown) {
    // A library that loads is reported as not being a Node module, which is fine.
    return /\S+: cannot open shared object file/.exec(messageOf(thrown))?.[0];
  }
  return undefined;
}
