import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/dev/free-port.ts';
import { accepts } from '../lab/accepts.ts';
import type { Lab } from '../lab/lab.ts';
import { type PinnedProcess, startPinned } from '../lab/pinned-process.ts';
import { nginxPath } from '../lab/tools.ts';

const SCRIPT = fileURLToPath(new URL('nginx-validate.lua', import.meta.url));
const MODULES = '/usr/lib/nginx/modules';

/** What a configuration begins with that has Lua in it. */
export const LOAD_LUA = ['ndk_http_module', 'ngx_http_lua_module']
  .map((name) => `load_module ${MODULES}/${name}.so;\n`)
  .join('');

/** nginx with one worker, which is all that one CPU can use. */
export async function startNginx(
  lab: Lab,
  authorization: string,
): Promise<PinnedProcess & { readonly origin: string }> {
  const port = await findFreePort();
  const dir = join(lab.dir, 'nginx');
  mkdirSync(join(dir, 'logs'), { recursive: true });
  const secret = randomBytes(16).toString('hex');
  const expected = createHmac('sha1', secret).update(authorization).digest('base64');
  const { certFile, keyFile } = lab.credentials;
  const tls = lab.options.tls
    ? `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.2 TLSv1.3;`
    : '';
  const config = `${LOAD_LUA}
daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_buffer_size 64k;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port}${lab.options.tls ? ' ssl' : ''};
    ${tls}
    set $bench_secret ${secret};
    set $bench_expected ${expected};
    set $bench_redis_port ${lab.redis.port};
    location / { content_by_lua_file ${SCRIPT}; }
  }
}
`;
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, config);
  const server = await startPinned({
    cpus: lab.cpus.server,
    argv: [nginxPath() ?? 'nginx', '-p', dir, '-c', file],
    ready: () => accepts(port),
  });
  lab.onClose(() => server.stop());
  return { ...server, origin: `${lab.options.tls ? 'https' : 'http'}://127.0.0.1:${port}` };
}
