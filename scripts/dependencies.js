// Installs npm dependencies when they are missing or differ from package-lock.json.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 20;

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
export const PINNED_NODE = join(MODULES, 'node', 'bin', 'node');

export function ensureDependencies() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Error(
      `Node ${OLDEST_NODE} or newer is needed to set up; this is ${process.version}.`,
    );
  }
  if (areInstalled()) return;
  const startedAtMs = Date.now();
  console.log('Installing npm dependencies (20 seconds to two minutes) ...');
  // Install scripts stay off: the prebuilt binaries come inside packages. The one exception
  // fetches the pinned Node for this platform.
  npm(['ci', '--ignore-scripts', '--include=dev', '--include=optional']);
  npm(['rebuild', 'node']);
  if (!existsSync(PINNED_NODE)) throw new Error('npm did not install the pinned Node.');
  const seconds = Math.round((Date.now() - startedAtMs) / 1_000);
  console.log(`Installed npm dependencies in ${seconds} seconds.`);
}

/**
 * Compares npm's record of what it installed with the lock file. The record alone is not enough: npm
 * writes it anew whenever it writes the lock file, whether it has installed anything or not.
 */
function areInstalled() {
  const record = join(MODULES, '.package-lock.json');
  if (!existsSync(PINNED_NODE) || !existsSync(record)) return false;
  const locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(locked).every(
    ([path, { version, link, optional, devOptional }]) =>
      path === '' ||
      optional ||
      devOptional ||
      (installed[path]?.version === version &&
        installed[path]?.link === link &&
        existsSync(join(ROOT, path))),
  );
}

function npm(args) {
  const { command, prefix } = findNpm();
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const env = { ...process.env, PATH: pathWithoutModules(), NODE_ENV: 'development' };
  const result = spawnSync(command, [...prefix, ...args, ...quiet], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  });
  if (result.status === 0) return;
  const detail = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
  throw new Error(`\`npm ${args.join(' ')}\` failed:\n${detail}`);
}

/**
 * The npm that started this script, on the Node it runs on: `npm ci` deletes node_modules, so it
 * cannot run on the pinned Node inside it.
 */
function findNpm() {
  const { npm_execpath: npmFile, npm_node_execpath: nodeFile } = process.env;
  const usable = npmFile?.endsWith('npm-cli.js') && nodeFile && !nodeFile.startsWith(MODULES);
  return usable ? { command: nodeFile, prefix: [npmFile] } : { command: 'npm', prefix: [] };
}

function pathWithoutModules() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((folder) => !folder.startsWith(MODULES)).join(delimiter);
}
