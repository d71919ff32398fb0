import type { Address } from '../../transport/listener.ts';

/** Where a server listens. */
export interface ServerAddresses {
  readonly public: Address;
  readonly grpc: Address;
  readonly operations: Address;
}

/** What runs where, a line each, for a person. */
export function describeAddresses(
  { public: open, grpc, operations }: ServerAddresses,
  { insecurePlaintext }: { readonly insecurePlaintext: boolean },
): string[] {
  const scheme = insecurePlaintext ? 'http' : 'https';
  return [
    `Connect, gRPC-web, JWKS  ${scheme}://${shown(open)}`,
    `gRPC                     ${shown(grpc)} (${insecurePlaintext ? 'plaintext' : 'TLS'})`,
    `Operations               http://${shown(operations)} (/livez /readyz /metrics)`,
  ];
}

function shown({ host, port }: Address): string {
  if (host === '127.0.0.1' || host === '::1') return `localhost:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
