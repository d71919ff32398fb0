import { describe, expect, test } from 'vitest';
import { ConfigError, loadEdgeConfig } from '../../src/config/config.ts';
import { authz, GATEWAY_KEY, serveEdges, statusOf } from './serve-edges.ts';

const { deployment, edgeEnv, start, issue } = serveEdges();

describe('who may ask signum edge', () => {
  const ports = { SIGNUM_EDGE_LISTEN: '127.0.0.1:0', SIGNUM_EDGE_GRPC_LISTEN: '127.0.0.1:0' };

  test('on the loopback everybody on the machine, unless there is a key', async () => {
    const open = await start(ports);
    expect(await statusOf(open.addresses.http, await issue())).toBe(200);
    expect(open.describe().join('\n')).toContain('every process of this machine');
    const closed = await start({ ...ports, SIGNUM_EDGE_GATEWAY_KEY: GATEWAY_KEY });
    const ask = async (key?: string) => {
      const headers: Record<string, string> = key === undefined ? {} : { 'x-signum-key': key };
      const { status, headers: told } = await authz(closed.addresses.http, await issue(), {
        headers,
      });
      return [status, told['x-signum-error']];
    };
    expect(await ask(GATEWAY_KEY)).toEqual([200, undefined]);
    expect(await ask()).toEqual([500, 'CREDENTIAL_MISSING']);
    expect(await ask(`${GATEWAY_KEY}x`)).toEqual([500, 'CREDENTIAL_INVALID']);
  });

  test.each([
    [{ SIGNUM_EDGE_LISTEN: '0.0.0.0:8444' }, 'SIGNUM_EDGE_LISTEN'],
    [{ SIGNUM_EDGE_GRPC_LISTEN: '10.0.0.1:9444' }, 'SIGNUM_EDGE_GRPC_LISTEN'],
    [
      {
        ...{ SIGNUM_EDGE_LISTEN: '0.0.0.0:0', SIGNUM_TLS_CERT_FILE: 'c' },
        SIGNUM_TLS_KEY_FILE: 'k',
      },
      'SIGNUM_EDGE_LISTEN',
    ],
    [{ SIGNUM_EDGE_LISTEN: `unix:/${'x'.repeat(108)}` }, 'SIGNUM_EDGE_LISTEN'],
    [{ SIGNUM_EDGE_SOCKET_MODE: '0166' }, 'SIGNUM_EDGE_SOCKET_MODE'],
    [{ SIGNUM_EDGE_GATEWAY_KEY: 'short' }, 'SIGNUM_EDGE_GATEWAY_KEY'],
    [{ SIGNUM_EDGE_LISTENS: '127.0.0.1:1' }, 'SIGNUM_EDGE_LISTENS'],
    [{ SIGNUM_ADDRESS: 'http://localhost:8443' }, 'SIGNUM_EDGE_SERVERS'],
    [{ SIGNUM_API_KEY: '' }, 'SIGNUM_API_KEY'],
    [{ SIGNUM_TLS_CLIENT_CA_FILE: 'ca' }, 'SIGNUM_TLS_CLIENT_CA_FILE'],
  ])('what would be unsafe, or is not understood, is refused at start: %o', (env, setting) => {
    let faults: readonly { setting: string }[] = [];
    try {
      loadEdgeConfig(edgeEnv(env as unknown as Record<string, string>));
    } catch (error) {
      faults = error instanceof ConfigError ? error.faults : [];
    }
    expect(faults.map((fault) => fault.setting.split('=')[0])).toContain(setting);
  });

  test('elsewhere it is TLS, and a certificate or a key', async () => {
    const { SIGNUM_TLS_CERT_FILE = '', SIGNUM_TLS_KEY_FILE = '' } = deployment();
    const { addresses } = await start({
      ...{ SIGNUM_EDGE_LISTEN: '0.0.0.0:0', SIGNUM_EDGE_GATEWAY_KEY: GATEWAY_KEY },
      ...{ SIGNUM_TLS_CERT_FILE, SIGNUM_TLS_KEY_FILE },
    });
    await expect(authz(addresses.http, await issue())).rejects.toThrow();
  });
});
