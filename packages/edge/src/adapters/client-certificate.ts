import { TLSSocket } from 'node:tls';
import { certificateThumbprint } from '@signum/token';

const known = new WeakMap<TLSSocket, string>();

/**
 * SHA-256 of the certificate that a connection's client has shown, for tokens that are bound to one (RFC
 * 8705); undefined without one. The server has to ask for it: `requestCert` of Node's TLS.
 */
export function thumbprintOf(socket: object | undefined): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const before = known.get(socket);
  if (before !== undefined) return before;
  const certificate = socket.getPeerX509Certificate();
  const thumbprint = certificate && certificateThumbprint(certificate.raw);
  if (thumbprint !== undefined) known.set(socket, thumbprint);
  return thumbprint;
}
