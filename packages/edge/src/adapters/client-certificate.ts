import { TLSSocket } from 'node:tls';
import { certificateThumbprint, isThumbprint } from '@signum/token';
import type { GuardOptions } from './guard-options.ts';

/** Options of middleware. */
export interface MiddlewareOptions<Request> extends GuardOptions {
  /**
   * Where the client's certificate is found, for tokens that are bound to one (RFC 8705), if TLS ends
   * somewhere else than at this request's socket: at a proxy that passes it on, or in a runtime that tells
   * it otherwise. The certificate in PEM or DER, or its SHA-256 in base64url; undefined if the client has
   * shown none, as is whatever cannot be read. By default it is the socket's.
   *
   * It has to come from who has seen that the client holds the certificate's key: a header only where
   * every request comes by a proxy that sets or removes it.
   */
  readonly clientCertificate?: ((request: Request) => string | Uint8Array | undefined) | undefined;
}

/** The options of the guard alone, and what tells of a request the thumbprint of its client's certificate. */
export function withThumbprints<Request>(
  { clientCertificate, ...options }: MiddlewareOptions<Request>,
  socketOf: (request: Request) => unknown,
): { readonly options: GuardOptions; thumbprintOf(request: Request): string | undefined } {
  if (clientCertificate === undefined) {
    return { options, thumbprintOf: (request) => thumbprintAt(socketOf(request)) };
  }
  if (typeof clientCertificate !== 'function') {
    throw new RangeError('`clientCertificate` must be a function of the request');
  }
  return { options, thumbprintOf: (request) => readThumbprint(clientCertificate(request)) };
}

function readThumbprint(certificate: string | Uint8Array | undefined): string | undefined {
  if (certificate === undefined || isThumbprint(certificate)) return certificate;
  return certificateThumbprint(certificate);
}

const known = new WeakMap<TLSSocket, string>();

/**
 * SHA-256 of the certificate that a connection's client has shown; undefined without one. The server has
 * to ask for it: `requestCert` of Node's TLS.
 */
function thumbprintAt(socket: unknown): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const before = known.get(socket);
  if (before !== undefined) return before;
  const certificate = socket.getPeerX509Certificate();
  const thumbprint = certificate && certificateThumbprint(certificate.raw);
  if (thumbprint !== undefined) known.set(socket, thumbprint);
  return thumbprint;
}
