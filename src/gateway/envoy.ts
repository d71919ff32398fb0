import type { AttributeContext_HttpRequest } from '@signum/contract/envoy/service/auth/v3/attribute_context_pb.js';
import type {
  CheckRequest,
  CheckResponse,
} from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { StatusCode } from '@signum/contract/envoy/type/v3/http_status_pb.js';
import { requestUri } from '@signum/token';
import { invalidField } from '../domain/errors.ts';
import type { Answer } from './answer.ts';
import type { Question } from './ask.ts';
import { type ClientRequest, passedCertificate, proofOf } from './client-request.ts';
import { ALLOWED, IDENTITY_HEADERS } from './identity.ts';
import { presentedToken } from './presented-token.ts';
import { REQUIREMENT_HEADERS, readRequirements } from './requirements.ts';

/** Of google.rpc.Code: what Envoy counts. */
const OK = 0;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** The client's headers that are looked at. No other is read of a question in its usual form. */
export const READ_HEADERS = [
  ...(['authorization', 'cookie', 'dpop'] as const),
  ...Object.values(REQUIREMENT_HEADERS),
];

type ReadHeader = (typeof READ_HEADERS)[number];

/** What Envoy asks by `envoy.service.auth.v3.Authorization/Check`. */
export function readCheck({ attributes }: CheckRequest, cookie: string | undefined): Question {
  const http = attributes?.request?.http;
  if (http === undefined) throw invalidField('attributes.request.http', 'value is required');
  const cookies = cookie === undefined ? [] : valuesOf(http, 'cookie');
  const presented = presentedToken(valuesOf(http, 'authorization'), cookies, cookie);
  const { certificate = '' } = attributes?.source ?? {};
  return {
    presented,
    requirements: readRequirements(Object.entries(attributes?.contextExtensions ?? {}), (name) =>
      valuesOf(http, name),
    ),
    proof: proofOf(
      presented,
      () => requestOf(http),
      valuesOf(http, 'dpop'),
      passedCertificate(certificate === '' ? [] : [certificate]),
    ),
  };
}

function requestOf({ method, scheme, host, path }: AttributeContext_HttpRequest): ClientRequest {
  return { method, uri: requestUri(scheme, host, path) };
}

/** All values of a header. In `headers` Envoy has joined them by commas. */
function valuesOf(
  { headers, headerMap }: AttributeContext_HttpRequest,
  name: ReadHeader,
): string[] {
  if (headerMap === undefined) return headers[name] === undefined ? [] : [headers[name]];
  return headerMap.headers
    .filter(({ key }) => key === name)
    .map(({ value, rawValue }) => value || Buffer.from(rawValue).toString('latin1'));
}

/**
 * The answer to Envoy. `append` stays unset, with which Envoy sets a header in the place of the client's.
 * A header without a value it would not set: the client's is taken out. `told` is for its log.
 */
export function writeCheck(
  answer: Answer,
  told: Readonly<Record<string, string>> = {},
): CheckResponse {
  if (answer.status !== 200) return denied(answer);
  const { identity } = answer;
  return {
    $typeName: 'envoy.service.auth.v3.CheckResponse',
    status: statusOf(OK),
    httpResponse: {
      case: 'okResponse',
      value: {
        $typeName: 'envoy.service.auth.v3.OkHttpResponse',
        headers: Object.entries({ ...ALLOWED, ...identity })
          .filter(([, value]) => value !== '')
          .map(([name, value]) => headerOf(name, value)),
        headersToRemove: IDENTITY_HEADERS.filter((name) => identity[name] === ''),
        responseHeadersToAdd: [],
      },
    },
    dynamicMetadata: { ...identity, ...told },
  };
}

function denied({ status, challenge, nonce }: Exclude<Answer, { status: 200 }>): CheckResponse {
  return {
    $typeName: 'envoy.service.auth.v3.CheckResponse',
    status: statusOf(status === 401 ? UNAUTHENTICATED : PERMISSION_DENIED),
    httpResponse: {
      case: 'deniedResponse',
      value: {
        $typeName: 'envoy.service.auth.v3.DeniedHttpResponse',
        status: {
          $typeName: 'envoy.type.v3.HttpStatus',
          code: status === 401 ? StatusCode.Unauthorized : StatusCode.Forbidden,
        },
        headers: [
          headerOf('www-authenticate', challenge),
          ...(nonce === undefined ? [] : [headerOf('dpop-nonce', nonce)]),
        ],
        body: '',
      },
    },
  };
}

function statusOf(code: number) {
  return { $typeName: 'google.rpc.Status' as const, code, message: '', details: [] };
}

function headerOf(key: string, value: string) {
  return {
    $typeName: 'envoy.config.core.v3.HeaderValueOption' as const,
    header: {
      $typeName: 'envoy.config.core.v3.HeaderValue' as const,
      key,
      value,
      rawValue: new Uint8Array(),
    },
    keepEmptyValue: false,
  };
}
