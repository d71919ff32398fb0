import { existsSync } from 'node:fs';
import { findExecutable } from '../../src/dev/find-executable.ts';
import { installSystemPackages } from '../../src/dev/system-packages.ts';

interface Tool {
  readonly isPresent: () => boolean;
  readonly debian: readonly string[];
}

const LUA_MODULE = '/usr/lib/nginx/modules/ngx_http_lua_module.so';
const LUA_REDIS = '/usr/share/lua/5.1/nginx/redis.lua';

const TOOLS = {
  /** Closed-loop HTTP/1.1 with a different body each time. */
  wrk: { isPresent: () => findExecutable('wrk') !== undefined, debian: ['wrk'] },
  /** gRPC and HTTP/2. */
  h2load: {
    isPresent: () => findExecutable('h2load') !== undefined,
    debian: ['nghttp2-client'],
  },
  /** The peer; see contenders/nginx.ts. */
  nginx: {
    isPresent: () => nginxPath() !== undefined && existsSync(LUA_MODULE) && existsSync(LUA_REDIS),
    debian: ['nginx', 'libnginx-mod-http-lua', 'lua-nginx-redis', 'lua-cjson'],
  },
  'redis-benchmark': {
    isPresent: () => findExecutable('redis-benchmark', 'valkey-benchmark') !== undefined,
    debian: ['redis-tools'],
  },
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

/** What the machine lacks, and how to get it. */
export type Missing = ReadonlyMap<ToolName, string>;

/** Installs what the bench needs; whatever stays absent skips its rows. */
export function provideTools(install: boolean, log: (line: string) => void): Missing {
  const absent = () =>
    (Object.keys(TOOLS) as ToolName[]).filter((name) => !TOOLS[name].isPresent());
  const wanted = absent();
  if (wanted.length === 0) return new Map();
  let failure: string | undefined = 'not installed';
  if (install) {
    log(`Installing ${wanted.join(', ')} with the system package manager ...`);
    failure = installSystemPackages({ 'apt-get': wanted.flatMap((name) => TOOLS[name].debian) });
  }
  return new Map(absent().map((name) => [name, missingText(name, failure)]));
}

function missingText(name: ToolName, failure: string | undefined): string {
  const how = `apt-get install ${TOOLS[name].debian.join(' ')}`;
  return `${name} is absent (${how}${failure ? `: ${failure}` : ''})`;
}

/** Debian keeps it out of users' PATH. */
export function nginxPath(): string | undefined {
  return findExecutable('nginx') ?? (existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : undefined);
}
