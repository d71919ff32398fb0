import { type Head, headCredentials } from '../call/head.ts';
import { decodeText } from '../call/parameters.ts';
import type { Credentials } from '../callers/authenticate.ts';
import type { Call } from '../domain/call.ts';
import { invalidField, SignumError } from '../domain/errors.ts';
import type { Form } from './form.ts';

/** How clients may show who they are, as server metadata names it (RFC 8414 section 2). */
export const CLIENT_AUTHENTICATION = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
];

/** What the form says of the client itself. */
export interface FormClient {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** A JWT that the client has signed to show who it is (RFC 7523 section 2.2). */
  readonly assertion: string | undefined;
  /** Whether the request has a header `authorization`. */
  readonly hasHeader: boolean;
}

/** @throws INVALID_FIELD, CREDENTIAL_INVALID for an assertion of another kind. */
export function readClient(head: Head, form: Form): FormClient {
  const client = {
    clientId: form.get('client_id'),
    clientSecret: form.get('client_secret'),
    assertion: readAssertion(form),
    hasHeader: head.header('authorization') !== undefined,
  };
  if (client.clientSecret !== undefined && client.clientId === undefined) {
    throw invalidField('client_id', 'value is required');
  }
  const shown = [client.assertion, client.clientSecret].filter((each) => each !== undefined);
  if (shown.length > 1 || (client.assertion !== undefined && client.hasHeader)) {
    // RFC 6749 section 2.3, RFC 7521 section 4.2.
    throw invalidField('credentials', 'must be presented in one way only');
  }
  return client;
}

/** RFC 7523 section 2.2. */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

function readAssertion(form: Form): string | undefined {
  const type = form.get('client_assertion_type');
  const assertion = form.get('client_assertion');
  if (type === undefined && assertion === undefined) return undefined;
  if (form.require('client_assertion_type') !== ASSERTION_TYPE) {
    throw new SignumError('CREDENTIAL_INVALID', 'client assertions of this type are not taken');
  }
  return form.require('client_assertion');
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * What the head presents. That is a caller's name and API key by HTTP Basic (RFC 6749 section 2.3.1:
 * each half is encoded as in a form), or, as at other endpoints, a key as bearer token or a certificate
 * (RFC 8705 section 2).
 */
export function clientCredentials(head: Head): Credentials {
  const usual = headCredentials(head);
  const encoded = BASIC.exec(usual.authorization ?? '')?.[1];
  if (encoded === undefined) return usual;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw new SignumError('CREDENTIAL_INVALID', 'the credential is not good');
  return {
    authorization: `Bearer ${decodeText(text.slice(colon + 1), 'authorization')}`,
    clientId: decodeText(text.slice(0, colon), 'authorization'),
    certificateNames: usual.certificateNames,
  };
}

/** What the form presents, if the head has presented nothing. */
export function formCredentials({
  clientId,
  clientSecret,
  assertion,
}: FormClient): Omit<Credentials, 'certificateNames'> | undefined {
  if (assertion !== undefined) return { assertion, clientId };
  if (clientSecret === undefined) return undefined;
  return { authorization: `Bearer ${clientSecret}`, clientId };
}

/**
 * A client that has shown who it is may name itself once more, and nobody else. One that has tried to is
 * not taken for one that has not (RFC 6749 section 5.2).
 */
export function requireSameClient({ caller }: Call, { clientId, hasHeader }: FormClient): void {
  if (caller.kind === 'anonymous' && hasHeader) {
    throw new SignumError('CREDENTIAL_INVALID', 'the credential is not good');
  }
  if (caller.kind !== 'service' || clientId === undefined || clientId === caller.name) return;
  throw new SignumError('CREDENTIAL_INVALID', 'client_id is another client');
}
