import type { HttpAnswer, HttpEndpoint } from '../call/endpoint.ts';
import type { Head } from '../call/head.ts';
import { decodeText, queryParameters, shownName } from '../call/parameters.ts';
import type { SignumError } from '../domain/errors.ts';
import { accessOf } from '../policy/access.ts';
import { AUTHZ } from '../policy/access-table.ts';
import type { Tokens } from '../tokens/tokens.ts';
import type { Answer } from './answer.ts';
import { ask, type Question } from './ask.ts';
import { clientRequest, passedCertificate, proofOf } from './client-request.ts';
import { gatewayCredentials } from './gateway-credentials.ts';
import { ALLOWED } from './identity.ts';
import { presentedToken } from './presented-token.ts';
import { readRequirements } from './requirements.ts';

export interface AuthzOptions {
  readonly tokens: Pick<Tokens, 'validate'>;
  /** Name of a cookie that may hold the access token; undefined: none may. */
  readonly cookie: string | undefined;
  /**
   * Name of the header in which gateways pass on the certificate that their client has shown, by its
   * lower-case name; undefined: they do not.
   */
  readonly certificateHeader: string | undefined;
  /** What every yes and no tells besides, as headers by their lower-case names. */
  readonly told?: (() => Readonly<Record<string, string>>) | undefined;
}

/**
 * What gateways ask about a request of their client's: Envoy's ext_authz over HTTP, nginx's auth_request,
 * the forward-auth of Traefik, Caddy and others. Every method is one and the same question. The query of
 * `/authz` is the operator's and holds the requirements; below `/authz/` Envoy appends the client's own path
 * and query, which say nothing.
 */
export function authz(options: AuthzOptions): readonly HttpEndpoint<Question, Answer>[] {
  return [at('/authz', options, ({ query }) => decoded(query)), at('/authz/*', options, () => [])];
}

function at(
  path: string,
  { tokens, cookie, certificateHeader, told }: AuthzOptions,
  operatorRequirements: (head: Head) => Iterable<readonly [string, string]>,
): HttpEndpoint<Question, Answer> {
  return {
    endpoint: {
      kind: 'unary',
      name: AUTHZ,
      access: accessOf(AUTHZ),
      maxBytes: 0,
      credentials: gatewayCredentials,
      handle: (call, question) => ask(tokens, call, question),
    },
    path,
    verbs: 'any',
    hasBody: false,
    readsQuery: true,
    isPassedOn: true,
    decode: (head) => {
      const cookies = cookie === undefined ? [] : head.headerValues('cookie');
      const presented = presentedToken(head.headerValues('authorization'), cookies, cookie);
      const certificate =
        certificateHeader && passedCertificate(head.headerValues(certificateHeader));
      return {
        presented,
        requirements: readRequirements(operatorRequirements(head), (name) =>
          head.headerValues(name),
        ),
        proof: proofOf(
          presented,
          () => clientRequest(head),
          head.headerValues('dpop'),
          certificate,
        ),
      };
    },
    encode: told === undefined ? encode : (answer) => telling(encode(answer), told()),
    encodeError,
  };
}

function decoded(query: string): readonly (readonly [string, string])[] {
  return queryParameters(query).map(([name, encoded]) => [
    name,
    decodeText(encoded, shownName(name, 'query')),
  ]);
}

function telling(answer: HttpAnswer, told: Readonly<Record<string, string>>): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, ...told } };
}

/** 200 and never 204: Envoy takes nothing else for a yes. */
function encode(answer: Answer): HttpAnswer {
  if (answer.status === 200) {
    return { status: 200, headers: { ...ALLOWED, ...answer.identity }, body: '' };
  }
  const { status, challenge, nonce } = answer;
  const headers = { 'www-authenticate': challenge, ...(nonce && { 'dpop-nonce': nonce }) };
  return { status, headers, body: '' };
}

/**
 * What is wrong with the gateway, its credential or its requirements, is 500: a 401 would be passed on, and
 * a client would throw a good token away. Whatever else keeps Signum from an answer is 503, which is
 * neither a yes nor a no.
 */
function encodeError(error: SignumError): HttpAnswer {
  const { reason, metadata, retryAfterMs = 1_000 } = error;
  const field = metadata['field'];
  const headers = { 'x-signum-error': reason, ...(field && { 'x-signum-error-field': field }) };
  if (FAULT_OF_GATEWAY.has(reason)) return { status: 500, headers, body: '' };
  const seconds = String(Math.ceil(retryAfterMs / 1_000));
  return { status: 503, headers: { ...headers, 'retry-after': seconds }, body: '' };
}

const FAULT_OF_GATEWAY: ReadonlySet<string> = new Set([
  'CREDENTIAL_MISSING',
  'CREDENTIAL_INVALID',
  'PERMISSION_DENIED',
  'INVALID_FIELD',
  'INTERNAL',
]);
