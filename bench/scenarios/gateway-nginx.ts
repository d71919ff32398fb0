import { fileURLToPath } from 'node:url';
import { NGINX } from '../../examples/run/gateway.ts';
import { startHelper } from '../contenders/helper-server.ts';
import { LOAD_LUA } from '../contenders/nginx.ts';
import { type Asked, type ProxyOptions, portOf, startProxy } from '../contenders/proxy.ts';
import { startEdge } from '../lab/edge.ts';
import type { Lab } from '../lab/lab.ts';
import type { Findings, Scenario } from '../scenario.ts';
import {
  askedSignum,
  gatewayAbsent,
  gatewayChecks,
  gatewayFindings,
  type Proxied,
  startBareAtSocket,
  startService,
} from './gateway-findings.ts';

const ACCESS_LUA = fileURLToPath(new URL('../contenders/nginx-access.lua', import.meta.url));
const CHECK = 'auth_request /signum/any;';

/** What Signum says of a good token, for a service that always says yes. */
const YES = {
  'x-signum-verdict': 'allow',
  'x-signum-tenant': 'acme',
  'x-signum-user': '018f6b1c-7b0a-7c3e-9a55-000000000001',
  'x-signum-device': 'pixel-9-pro',
  'x-signum-session': '018f6b1c-7b0a-7c3e-9a55-5d1e0f2b3c4d',
  'x-signum-token-id': '018f6b1c-7b0a-7c3e-9a55-5d1e0f2b3c4e',
  'x-signum-scope': 'read write',
  'x-signum-expires': '1790000000',
};

export const gatewayNginx: Scenario = {
  name: 'gateway-nginx',
  title: 'Requests through nginx, which asks about each by auth_request over TLS (examples/nginx)',
  async run(lab: Lab): Promise<Findings> {
    const absent = gatewayAbsent(lab, NGINX);
    if (absent) return { figures: [], checks: gatewayChecks(undefined, absent) };
    const service = await startService(lab);
    const asked = await askedSignum(lab);
    const yes = { answerHeaders: YES };
    const bare = await startHelper(lab, 'bare-http-server.ts', yes);
    const askedBare = { pid: bare.pid, publicPort: portOf(bare.origin), grpcPort: 0 };
    const start = (what: Asked, edit: ProxyOptions['edit'] = (text) => text) =>
      startProxy(lab, {
        ...{ gateway: NGINX, file: 'nginx.conf', asked: what, service },
        edit: (text) => edit(onOneCpu(text)),
      });
    return gatewayFindings(lab, {
      unchecked: { name: 'nginx, no check', proxy: await start(asked, unchecked), checks: false },
      bare: {
        name: 'nginx, asking bare node:https',
        proxy: await start(askedBare),
        checks: false,
      },
      signum: { name: 'nginx, asking Signum', proxy: await start(asked), checks: true },
      edge: {
        name: 'nginx, asking signum edge',
        proxy: await start(await startEdge(lab, 'tls')),
        checks: true,
      },
      bareAtSocket: {
        name: 'nginx, asking bare node:http at a Unix socket',
        proxy: await start(await startBareAtSocket(lab, 'bare-http-server.ts', yes)),
        checks: false,
      },
      edgeAtSocket: {
        name: 'nginx, asking signum edge at a Unix socket',
        proxy: await start(await startEdge(lab, 'unix')),
        checks: true,
      },
      beside: await nginxLua(lab, start, asked),
    });
  },
};

/** The same nginx that asks Redis itself. */
async function nginxLua(
  lab: Lab,
  start: (asked: Asked, edit: ProxyOptions['edit']) => Promise<Proxied['proxy']>,
  asked: Asked,
): Promise<Proxied[]> {
  if (lab.missing.has('nginx')) return [];
  const port = `set $bench_redis_port ${lab.redis.port};`;
  const proxy = await start(asked, (text) => {
    const asking = text.replace(CHECK, `${port} access_by_lua_file ${ACCESS_LUA};`);
    return LOAD_LUA + passing(asking);
  });
  return [{ name: 'nginx + Lua', proxy, checks: true }];
}

function unchecked(text: string): string {
  return passing(text.replace(CHECK, ''));
}

/** Without an answer of Signum's to look for. */
function passing(text: string): string {
  return text.replaceAll('http://$allowed_service', 'http://service');
}

/**
 * One worker, which is all that one CPU can use, no log that would grow with the load, and the patience to
 * wait where the machine is busy with other things.
 */
function onOneCpu(text: string): string {
  return text
    .replace('worker_processes auto;', 'worker_processes 1;')
    .replace('http {', 'http {\n  access_log off;')
    .replace(/(proxy_(?:connect|read)_timeout) \ds;/g, '$1 30s;');
}
