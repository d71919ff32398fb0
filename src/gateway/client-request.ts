import { certificateThumbprint, requestUri } from '@signum/token';
import type { Head } from '../call/head.ts';
import { type KeyProof, NO_PROOF } from '../domain/key-proof.ts';
import type { Presentation } from './presented-token.ts';

/** The request that a gateway asks about, as proofs of keys are made for it. */
export interface ClientRequest {
  readonly method: string;
  /** Empty if the gateway does not say, says it twice, or says what is no URI. */
  readonly uri: string;
}

const NOT_TOLD: ClientRequest = { method: '', uri: '' };

/** Where Envoy appends the client's path. */
const APPENDED_TO = '/authz/';

/**
 * Which request a gateway asks about. There are three ways to tell it: Envoy appends the path, nginx is
 * set to send `x-original-url`, Traefik, Caddy and others send `x-forwarded-uri`. A client may add the
 * headers of another way, to have a proof taken that was made for another URI. So a URI that is told in
 * two ways counts as not told.
 */
export function clientRequest(head: Head): ClientRequest {
  const appended = head.path.startsWith(APPENDED_TO);
  const original = head.headerValues('x-original-url');
  const forwarded = head.headerValues('x-forwarded-uri');
  if (Number(appended) + original.length + forwarded.length !== 1) return NOT_TOLD;
  if (appended) {
    const proto = only(head, 'x-forwarded-proto') ?? 'https';
    const path = head.path.slice(APPENDED_TO.length - 1);
    return { method: head.verb, uri: uriOf(proto, head.authority, path) };
  }
  const [url = ''] = original;
  if (url !== '') return { method: only(head, 'x-original-method') ?? '', uri: url };
  const [proto, host] = [only(head, 'x-forwarded-proto'), only(head, 'x-forwarded-host')];
  const [path = ''] = forwarded;
  if (proto === undefined || host === undefined) return NOT_TOLD;
  return { method: only(head, 'x-forwarded-method') ?? '', uri: uriOf(proto, host, path) };
}

/**
 * What the client has shown of a key. A proof goes with the scheme DPoP and no other; without one it is
 * all the same which request it is.
 */
export function proofOf(
  presented: Presentation,
  request: () => ClientRequest,
  proofs: readonly string[],
  certificateThumbprint: string | undefined,
): KeyProof {
  const isBound = typeof presented === 'object' && presented.scheme === 'DPoP';
  if (isBound) return { ...request(), dpop: proofs.join(', '), certificateThumbprint };
  return certificateThumbprint === undefined ? NO_PROOF : { ...NO_PROOF, certificateThumbprint };
}

/**
 * Thumbprint of a client's certificate as a gateway passes it on: its DER as an item of bytes (RFC 9440) or in
 * bare base64 (Traefik), or PEM that is URL-encoded (nginx, Envoy). Undefined for anything else, and for several.
 */
export function passedCertificate(values: readonly string[]): string | undefined {
  const [value = ''] = values;
  if (values.length !== 1) return undefined;
  const [, , bytes] = /^(:?)([A-Za-z0-9+/]+=*)\1$/.exec(value) ?? [];
  if (bytes !== undefined) return certificateThumbprint(Buffer.from(bytes, 'base64'));
  try {
    return certificateThumbprint(decodeURIComponent(value));
  } catch {
    return undefined;
  }
}

/** Traefik tells of a WebSocket by its own scheme. */
function uriOf(proto: string, host: string, path: string): string {
  return requestUri(proto.replace(/^ws/, 'http'), host, path);
}

function only(head: Head, name: string): string | undefined {
  const [value, ...others] = head.headerValues(name);
  return others.length > 0 ? undefined : value;
}
