import type { HttpEndpoint } from '../call/endpoint.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { introspect } from './introspect.ts';
import { metadata } from './metadata.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';

export interface OAuthOptions {
  readonly tokens: Pick<Tokens, 'validate' | 'revoke' | 'refresh'>;
  readonly issuer: string;
  /** The longest form of a client that is known, in bytes. */
  readonly maxBytes: number;
}

/** What stock OAuth clients and resource servers call, and how they find it. */
export function oauth({ tokens, issuer, maxBytes }: OAuthOptions): readonly HttpEndpoint[] {
  return [
    introspect({ tokens, issuer, maxBytes }),
    revoke(tokens, maxBytes),
    token(tokens, maxBytes),
    ...metadata(issuer),
  ] as readonly HttpEndpoint[];
}
