/** SwiftShader, the graphics processor in software that comes with Chromium: WebGPU without a GPU. */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const driver = 'vk_swiftshader_icd.json';

/** Folders of Chromium: of Linux distributions, and of Playwright's browsers. */
function chromiumFolders(): readonly string[] {
  const browsers = join(homedir(), '.cache/ms-playwright');
  const downloaded = existsSync(browsers)
    ? readdirSync(browsers).flatMap((name) => [
        join(browsers, name, 'chrome-linux'),
        join(browsers, name, 'chrome-linux64'),
      ])
    : [];
  return ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/opt/google/chrome', ...downloaded];
}

const loaderFolders = ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'];

export type SwiftShader = { readonly driver: string } | { readonly missing: string };

/** The driver's description, or what is missing. */
export function findSwiftShader(): SwiftShader {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { missing: 'Linux on x64: elsewhere no WebGPU without a GPU' };
  }
  const folder = chromiumFolders().find((one) => existsSync(join(one, driver)));
  if (folder === undefined) return { missing: 'Chromium, which brings SwiftShader (Debian: chromium)' };
  if (!loaderFolders.some((one) => existsSync(join(one, 'libvulkan.so.1')))) {
    return { missing: 'the Vulkan loader (Debian: libvulkan1)' };
  }
  return { driver: join(folder, driver) };
}
