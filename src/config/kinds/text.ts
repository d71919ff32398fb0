import { isId } from '@signum/token';
import { type Kind, scalar } from './kind.ts';

const MAX_BYTES = 256;

/** The value of an `iss` or `aud` claim: a StringOrURI (RFC 7519 section 2). */
export const stringOrUri: Kind<string> = scalar({
  name: 'string or URI',
  allowed: `1 to ${MAX_BYTES} bytes without spaces; a URI if it holds a colon`,
  parse: (text) => {
    if (text === '' || Buffer.byteLength(text) > MAX_BYTES) {
      return { fault: `must be 1 to ${MAX_BYTES} bytes` };
    }
    if (/[\s\p{Cc}]/u.test(text)) return { fault: 'must not hold spaces or control characters' };
    if (text.includes(':') && !URL.canParse(text))
      return { fault: 'must be a URI if it holds a colon' };
    return { value: text };
  },
  format: (value) => value,
});

/** A path, relative to the working directory unless absolute. It is read where it is used. */
export const filePath: Kind<string> = scalar({
  name: 'file',
  allowed: 'a path',
  parse: (text) => (text.includes('\0') ? { fault: 'must be a path' } : { value: text }),
  format: (value) => value,
});

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** The name of a cookie: a token (RFC 6265 section 4.1.1). */
export const cookieName: Kind<string> = scalar({
  name: 'cookie name',
  allowed: 'a name such as `__Host-session`',
  parse: (text) => (TOKEN.test(text) ? { value: text } : { fault: 'must be the name of a cookie' }),
  format: (value) => value,
});

/** The name of a header, in lower case: a token (RFC 9110 section 5.1). */
export const headerName: Kind<string> = scalar({
  name: 'header name',
  allowed: 'a name such as `client-cert`',
  parse: (text) =>
    TOKEN.test(text) ? { value: text.toLowerCase() } : { fault: 'must be the name of a header' },
  format: (value) => value,
});

/** A tenant, as callers name it. One that holds a comma can only be given in the file. */
export const tenantId: Kind<string> = scalar({
  name: 'tenant',
  allowed: `1 to ${MAX_BYTES} bytes, no control characters`,
  parse: (text) => (isId(text) ? { value: text } : { fault: 'must be the id of a tenant' }),
  format: (value) => value,
});
