import type { Server, TlsOptions } from 'node:tls';
import type { TlsSource } from './files.ts';

/**
 * What is asked of clients. `optional`: a certificate from the configured authorities names its
 * caller; any other certificate, or none, is no credential, and the connection stays anonymous.
 * `required`: without such a certificate there is no connection.
 */
export type ClientCertificates = 'off' | 'optional' | 'required';

export interface TlsListenOptions {
  /** `plaintext`: nothing is encrypted, and nobody can show a certificate. */
  readonly tls: TlsSource | 'plaintext';
  /** Default `off`. */
  readonly clientCertificates?: ClientCertificates;
}

/** How long a client has for its TLS handshake, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export function tlsOptions(
  { tls, clientCertificates = 'off' }: TlsListenOptions & { readonly tls: TlsSource },
  alpn: readonly string[],
): TlsOptions {
  const context = tls.current();
  if (clientCertificates !== 'off' && context.ca === undefined) {
    throw new Error('client certificates need the authorities that issue them (a client CA file)');
  }
  return {
    ...context,
    // Otherwise the first answer of an HTTP/1.1 connection waits 40 ms for the acknowledgement of the
    // session tickets before it (Nagle's algorithm, RFC 9293 section 3.7.4).
    noDelay: true,
    ALPNProtocols: [...alpn],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: clientCertificates !== 'off',
    rejectUnauthorized: clientCertificates === 'required',
  };
}

/** New connections get the new certificate; those that are open go on undisturbed. */
export function followTlsFiles(server: Server, tls: TlsSource): void {
  const stop = tls.onChange((context) => server.setSecureContext(context));
  server.once('close', stop);
}
