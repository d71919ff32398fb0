import type { CallOptions } from '@connectrpc/connect';
import type { Command } from 'commander';
import { explainFailure } from '../failure/explain-failure.ts';
import { openDpopKey } from './dpop-key.ts';

export interface DpopOption {
  readonly dpop?: string;
}

/** The option by which a token that is bound to a key is presented together with it. */
export function addDpopOption(command: Command): Command {
  return command.option(
    '--dpop <file>',
    'the private JWK that the token is bound to, as `signum issue --dpop` made it',
  );
}

/** A proof of a key (RFC 9449 section 4.2), and the request that it is made for. */
export interface ShownProof {
  readonly dpop: string;
  readonly method: 'POST';
  readonly uri: string;
}

/** Makes a proof, with the nonce that the server wants in it, and for the scheme that it is known by. */
export type Prove = (nonce?: string, scheme?: 'https' | 'http') => Promise<ShownProof>;

/**
 * Makes proofs for one method of TokenService and one token; undefined without the option.
 * @throws INVALID_FIELD for a file that holds no key.
 */
export async function openProver(
  { dpop: file }: DpopOption,
  { rpc, token }: { readonly rpc: 'Refresh' | 'Revoke' | 'Validate'; readonly token: string },
): Promise<((address: string) => Prove) | undefined> {
  if (file === undefined) return undefined;
  const key = await openDpopKey(file);
  return (address) =>
    async (nonce, scheme = 'https') => {
      const uri = `${address.replace(/^https?/, scheme)}/signum.v1.TokenService/${rpc}`;
      const request = { method: 'POST' as const, uri };
      return { ...request, dpop: await key.prove({ ...request, accessToken: token, nonce }) };
    };
}

/**
 * Makes a call with a proof in its header `DPoP`, and once more if a nonce is wanted in it. Whoever encrypts on the
 * way to it, a server is known by https, unless its SIGNUM_PUBLIC_URL is an http address: that is tried last.
 */
export async function callWithProof<T>(
  prove: Prove | undefined,
  call: (options?: CallOptions) => Promise<T>,
): Promise<T> {
  if (prove === undefined) return call();
  const attempt = async (scheme: 'https' | 'http', nonce?: string) =>
    call({ headers: { dpop: (await prove(nonce, scheme)).dpop } });
  const attemptTwice = (scheme: 'https' | 'http') =>
    attempt(scheme).catch((thrown: unknown) => {
      const { nonce } = explainFailure(thrown).metadata;
      if (nonce === undefined) throw thrown;
      return attempt(scheme, nonce);
    });
  return attemptTwice('https').catch((thrown: unknown) => {
    if (explainFailure(thrown).reason !== 'KEY_PROOF_INVALID') throw thrown;
    return attemptTwice('http');
  });
}
