import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RudeTlsServer, startRudeTlsServer } from '../../../test/setup/rude-tls-server.ts';
import { developmentCertificates } from '../../dev/certificates.ts';
import type { RedisSettings } from './client.ts';

let dir: string;
let foreignCaFile: string;
let server: RudeTlsServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signum-test-connector-'));
  for (const each of ['own', 'foreign']) mkdirSync(join(dir, each));
  server = await startRudeTlsServer(await developmentCertificates(join(dir, 'own')));
  foreignCaFile = (await developmentCertificates(join(dir, 'foreign'))).caFile;
});
afterAll(() => {
  server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Connects until that has failed three times over, and then says so. */
const PROGRAM = `
  const { createClient } = await import(${JSON.stringify(new URL('./client.ts', import.meta.url))});
  const client = createClient(JSON.parse(process.argv[1]));
  let errors = 0;
  client.on('error', () => {
    errors += 1;
    if (errors === 3) client.disconnect();
  });
  client.once('end', () => console.log('alive after', errors));
  client.connect().catch(() => undefined);
`;

test.each(['rediss://', 'rediss+sentinel://', 'rediss+cluster://'])(
  'a process outlives %s sockets that fail twice over',
  async (scheme) => {
    const settings: RedisSettings = {
      url: `${scheme}127.0.0.1:${server.port}${scheme.includes('sentinel') ? '/signum' : ''}`,
      caFile: foreignCaFile,
      commandTimeoutMs: 1000,
      connectTimeoutMs: 1000,
      name: 'signum-test',
    };
    const args = ['--input-type=module', '-e', PROGRAM, JSON.stringify(settings)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors] = [text(child.stdout), text(child.stderr)];
    const [code] = await once(child, 'close');
    expect({ code, output: await output, errors: await errors }).toEqual({
      code: 0,
      output: 'alive after 3\n',
      errors: '',
    });
  },
);
