// The checks that `npm test` runs before the tests. Each returns an outcome (passed, failed or
// skipped) and what to print about it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { luacheckPath } from '../test/setup/tools.ts';
import { ROOT } from './dependencies.js';

const RELEASED_CONTRACT = 'proto/released.binpb';

export const CHECKS = [
  { name: 'Generated code is what proto/ generates', run: checkGenerated },
  { name: 'Format and lint (biome)', run: () => tool('biome', ['check', '--error-on-warnings']) },
  { name: 'Types (tsc)', run: () => tool('tsc', ['--noEmit']) },
  { name: 'Lua (luacheck)', run: checkLua },
  { name: 'Contract style (buf lint)', run: () => tool('buf', ['lint']) },
  { name: 'Contract compatibility (buf breaking)', run: checkBreaking },
];

function checkGenerated() {
  return inTemporaryFolder((folder) => {
    const generated = command(process.execPath, ['scripts/generate.js', '--output', folder]);
    if (generated.outcome === 'failed') return generated;
    const expected = readTree(join(folder, 'packages/contract/gen'));
    const actual = readTree(join(ROOT, 'packages/contract/gen'));
    const names = [...new Set([...expected.keys(), ...actual.keys()])].sort();
    const stale = names.filter((name) => expected.get(name) !== actual.get(name));
    if (stale.length === 0) return { outcome: 'passed' };
    const list = stale.map((name) => `  packages/contract/gen/${name}`).join('\n');
    return { outcome: 'failed', detail: `Out of date; run \`npm run generate\`:\n${list}` };
  });
}

/** Lints each script as Redis gets it, so that a missing or unused include is found too. */
async function checkLua() {
  const luacheck = luacheckPath();
  if (!luacheck) return { outcome: 'skipped', detail: 'luacheck is not installed' };
  const { loadScript } = await import('../src/store/scripts/script.ts');
  return inTemporaryFolder((folder) => {
    for (const file of readdirSync(join(ROOT, 'lua')).filter((name) => name.endsWith('.lua'))) {
      writeFileSync(join(folder, file), loadScript(basename(file, '.lua')).source);
    }
    const config = ['--config', join(ROOT, '.luacheckrc'), '--no-cache'];
    return command(luacheck, [...config, '--quiet', '--no-color', folder]);
  });
}

function checkBreaking() {
  if (!existsSync(join(ROOT, RELEASED_CONTRACT))) {
    return { outcome: 'skipped', detail: `${RELEASED_CONTRACT} is absent: nothing released yet` };
  }
  return inTemporaryFolder((folder) => {
    // Compared as images, because a path filter does not apply to one side only.
    const current = join(folder, 'current.binpb');
    const built = tool('buf', ['build', '.', '--path', 'proto/signum', '-o', current]);
    if (built.outcome === 'failed') return built;
    return tool('buf', ['breaking', current, '--against', RELEASED_CONTRACT]);
  });
}

function tool(name, args) {
  return command(join(ROOT, 'node_modules/.bin', name), args);
}

function command(file, args) {
  const result = spawnSync(file, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
  });
  if (result.status === 0) return { outcome: 'passed' };
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim();
  return { outcome: 'failed', detail: result.error?.message ?? output };
}

function inTemporaryFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'signum-check-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readTree(folder) {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  const files = entries.filter((name) => /\.(js|ts)$/.test(name));
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
