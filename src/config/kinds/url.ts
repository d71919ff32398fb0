import { type Kind, scalar } from './kind.ts';

const WEB_ORIGIN = /^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;
/** The browser inside writes the host as the app registered it. */
const APP_ORIGIN = /^([a-z][a-z0-9+.-]{0,62}):\/\/[A-Za-z0-9._-]{1,253}(?::\d{1,5})?$/;
/** Pages of these schemes share the origin `null`, or have none. */
const NO_APP = ['http', 'https', 'ws', 'wss', 'ftp', 'file', 'data', 'blob', 'about', 'javascript'];

/**
 * A browser origin in the exact form that browsers send it (RFC 6454 section 6.2). Apps and extensions
 * have schemes of their own: `capacitor://localhost`, `chrome-extension://…`.
 */
export const origin: Kind<string> = scalar({
  name: 'origin',
  allowed:
    'scheme://host[:port] exactly as browsers send it, of web pages, apps (capacitor://localhost) and extensions; no wildcards',
  parse: (text) => {
    const url = URL.parse(text);
    if (WEB_ORIGIN.test(text) && url?.origin === text) return { value: text };
    const [, scheme = ''] = APP_ORIGIN.exec(text) ?? [];
    if (scheme !== '' && !NO_APP.includes(scheme)) return { value: text };
    const isNear = url && WEB_ORIGIN.test(url.origin);
    return { fault: `must be an exact origin${isNear ? `, such as ${url.origin}` : ''}` };
  },
  format: (value) => value,
});

/**
 * The name of a request header (RFC 9110 section 5.1). No wildcard: browsers do not take one for
 * authorization.
 */
export const headerName: Kind<string> = scalar({
  name: 'header name',
  allowed: 'letters, digits and hyphens, at most 64',
  parse: (text) =>
    /^[A-Za-z0-9-]{1,64}$/.test(text)
      ? { value: text.toLowerCase() }
      : { fault: 'must be the name of a header' },
  format: (value) => value,
});

/** The base address of a Signum server: an origin, without a path. */
export const serviceAddress: Kind<string> = scalar({
  name: 'URL',
  allowed: 'https://host[:port], or http:// for a server without TLS',
  parse: (text) => {
    const url = URL.parse(text);
    if (!url || !/^https?:$/.test(url.protocol)) return { fault: 'must be an https or http URL' };
    if (url.username || url.password) return { fault: 'must not hold a user name or password' };
    if (url.pathname !== '/' || url.search || url.hash) return { fault: 'must not have a path' };
    return { value: url.origin };
  },
  format: (value) => value,
});
