import { join } from 'node:path';
import { findExecutable } from '../../src/dev/find-executable.ts';
import { CADDY, ENVOY, wheelExecutable } from '../../test/setup/wheel.ts';

/** How a gateway proves to Signum who it is. */
export type GatewayCredential = 'key' | 'certificate';

/** Whom a gateway asks: a server, with a credential, or a `signum edge` at a Unix socket, which needs none. */
export type Way = GatewayCredential | 'edge';

/** A gateway with a configuration in examples/. */
export interface Gateway {
  /** Its folder in examples/. */
  readonly name: string;
  /** What runs it; undefined where it is not installed. */
  executable(): string | undefined;
  /** How to get it. */
  readonly needs: string;
  /** Arguments, with the configuration in a folder. */
  argv(dir: string): readonly string[];
  /** What it can show; empty if it asks for nothing but the public keys. */
  readonly credentials: readonly GatewayCredential[];
}

const BOTH: readonly GatewayCredential[] = ['key', 'certificate'];

export const NGINX: Gateway = {
  name: 'nginx',
  executable: () => findExecutable('nginx'),
  needs: 'nginx, from the system’s packages',
  argv: (dir) => ['-p', dir, '-c', join(dir, 'nginx.conf'), '-g', 'daemon off;'],
  credentials: BOTH,
};

export const HAPROXY: Gateway = {
  name: 'haproxy',
  executable: () => findExecutable('haproxy'),
  needs: 'haproxy 2.6 or later, from the system’s packages',
  argv: (dir) => ['-C', dir, '-f', 'haproxy.cfg', '-db'],
  credentials: BOTH,
};

export const CADDY_GATEWAY: Gateway = {
  name: 'caddy',
  executable: () => wheelExecutable(CADDY),
  needs: 'Caddy, which npm test fetches',
  argv: (dir) => ['run', '--adapter', 'caddyfile', '--config', join(dir, 'Caddyfile')],
  credentials: BOTH,
};

export const ENVOY_GRPC = envoy('envoy-grpc', BOTH);
export const ENVOY_HTTP = envoy('envoy-http', BOTH);
export const ENVOY_JWT_AUTHN = envoy('envoy-jwt-authn', []);

/** All that can be run here. */
export const GATEWAYS: readonly Gateway[] = [
  NGINX,
  CADDY_GATEWAY,
  HAPROXY,
  ENVOY_GRPC,
  ENVOY_HTTP,
  ENVOY_JWT_AUTHN,
];

function envoy(name: string, credentials: readonly GatewayCredential[]): Gateway {
  return {
    name,
    executable: () => wheelExecutable(ENVOY),
    needs: 'Envoy, which npm test fetches',
    argv: (dir) => [
      ...['-c', join(dir, 'envoy.yaml'), '--use-dynamic-base-id'],
      ...['--concurrency', '1', '--log-level', 'warning'],
    ],
    credentials,
  };
}
