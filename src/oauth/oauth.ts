import type { HttpEndpoint } from '../call/endpoint.ts';
import type { Signing } from '../signing/signing.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { introspect } from './introspect.ts';
import { metadata } from './metadata.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';

export interface OAuthOptions {
  readonly tokens: Pick<Tokens, 'validate' | 'revoke' | 'refresh'>;
  readonly issuer: string;
  /** Where clients reach the endpoints, without a path; the issuer's origin when absent. */
  readonly publicUrl: string | undefined;
  readonly signing: Pick<Signing, 'signIntrospection'>;
  /** The longest form of a client that is known, in bytes. */
  readonly maxBytes: number;
}

/** What stock OAuth clients and resource servers call, and how they find it. */
export function oauth(options: OAuthOptions): readonly HttpEndpoint[] {
  const { tokens, issuer, publicUrl, maxBytes } = options;
  return [
    introspect(options),
    revoke(tokens, maxBytes),
    token(tokens, maxBytes),
    ...metadata(issuer, publicUrl),
  ] as readonly HttpEndpoint[];
}
