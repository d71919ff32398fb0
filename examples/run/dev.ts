import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { CallerService, type Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { devStateDir, findDevState } from '../../src/cli/connect/dev-state.ts';

/** The Signum that `npm start` runs. */
export interface Dev {
  /** Where it keeps what it has made. */
  readonly dir: string;
  readonly caFile: string;
  readonly address: string;
  readonly grpcAddress: string | undefined;
  readonly issuer: string;
  readonly audience: string;
  /** The API key of a caller with some permissions, made once. */
  callerKey(kind: string, permissions: Permission[]): Promise<string>;
}

export function findDev(): Dev {
  const state = findDevState(devStateDir(process.env));
  if (state?.server === undefined) fail('Run `npm start` first, in another terminal.');
  const { dir, caFile, adminKeyFile } = state;
  const { address, grpcAddress, issuer = address, audience = 'signum-dev' } = state.server;

  function adminClient() {
    const adminKey = readFileSync(adminKeyFile, 'utf8').trim();
    const bearer: Interceptor = (next) => (request) => {
      request.header.set('authorization', `Bearer ${adminKey}`);
      return next(request);
    };
    const nodeOptions = { ca: readFileSync(caFile, 'utf8') };
    return createClient(
      CallerService,
      createConnectTransport({
        ...{ baseUrl: address, httpVersion: '2' as const, nodeOptions, interceptors: [bearer] },
      }),
    );
  }

  return {
    ...{ dir, caFile, address, grpcAddress, issuer, audience },
    async callerKey(kind, permissions) {
      const file = join(dir, `example-${kind}-key`);
      if (existsSync(file)) return readFileSync(file, 'utf8').trim();
      const { apiKey } = await adminClient().createCaller({
        name: `example-${kind}-${Date.now().toString(36)}`,
        permissions,
        tenants: ['*'],
      });
      mkdirSync(dir, { recursive: true });
      writeFileSync(file, `${apiKey}\n`, { mode: 0o600 });
      return apiKey;
    },
  };
}

export function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** Ends what runs when a signal comes, and the process with it. */
export function untilSignal(stop: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, async () => {
      await stop();
      process.exit(0);
    });
  }
}
