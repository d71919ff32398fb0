import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findExecutable, isExecutable } from '../../src/dev/find-executable.ts';

const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
/** Debian's Python packages are installed for this interpreter, not for one found earlier on PATH. */
const SYSTEM_PYTHON = '/usr/bin/python3';
const PYTHON_MODULES = ['grpc', 'grpc_tools.protoc', 'jwt', 'cryptography'];

/** A Chromium that can run headless, or undefined. */
export function chromiumPath(): string | undefined {
  const found = findExecutable('chromium', 'chromium-browser', 'google-chrome', 'chrome');
  return found ?? (isExecutable(MAC_CHROME) ? MAC_CHROME : undefined);
}

export function luacheckPath(): string | undefined {
  return findExecutable('luacheck');
}

/** As Debian's package `libfaketime` installs it; undefined where it is not. */
export function libfaketime(): string | undefined {
  const roots = ['/usr/lib', '/usr/local/lib', '/usr/lib64'].filter((root) => existsSync(root));
  return roots
    .flatMap((root) => [root, ...readdirSync(root).map((name) => join(root, name))])
    .map((folder) => join(folder, 'faketime', 'libfaketime.so.1'))
    .find((file) => existsSync(file));
}

/** A Python with grpc, grpc_tools, jwt and cryptography, or undefined. */
export function python(): string | undefined {
  pythonPath ??= pythonCandidates().find(hasModules);
  return pythonPath;
}

/** Importing takes most of a second, so a find is kept. */
let pythonPath: string | undefined;

function pythonCandidates(): string[] {
  const onPath = findExecutable('python3');
  const system = isExecutable(SYSTEM_PYTHON) ? [SYSTEM_PYTHON] : [];
  return onPath && onPath !== SYSTEM_PYTHON ? [...system, onPath] : system;
}

function hasModules(path: string): boolean {
  return spawnSync(path, ['-c', `import ${PYTHON_MODULES.join(', ')}`]).status === 0;
}
