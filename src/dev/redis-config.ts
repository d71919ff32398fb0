export interface RedisTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** PEM of the CA, for the client that probes readiness. */
  readonly ca: string;
}

export interface RedisConfig {
  readonly dir: string;
  readonly port: number;
  readonly kind: 'binary' | 'docker';
  readonly password?: string;
  readonly tls?: RedisTls;
}

/** The text of redis.conf: a file, because command-line arguments show passwords to everyone. */
export function redisConfig({ dir, port, kind, password, tls }: RedisConfig): string {
  const listen = tls
    ? [
        'port 0',
        `tls-port ${port}`,
        `tls-cert-file ${quote(tls.certFile)}`,
        `tls-key-file ${quote(tls.keyFile)}`,
        `tls-ca-cert-file ${quote(tls.caFile)}`,
        'tls-auth-clients no',
      ]
    : [`port ${port}`];
  const lines = [
    // A container is reached through the port it publishes on the host's loopback.
    kind === 'docker' ? 'bind * -::*' : 'bind 127.0.0.1',
    ...listen,
    `dir ${quote(dir)}`,
    ...(password ? [`requirepass ${quote(password)}`] : ['protected-mode no']),
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'hash-max-listpack-value 1024',
    'daemonize no',
  ];
  return `${lines.join('\n')}\n`;
}

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
