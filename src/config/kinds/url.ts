import { type Kind, scalar } from './kind.ts';

/** A browser origin in the exact form that browsers send it (RFC 6454 section 6.2). */
export const origin: Kind<string> = scalar({
  name: 'origin',
  allowed: 'scheme://host[:port] exactly as browsers send it; no wildcards',
  parse: (text) => {
    const url = URL.parse(text);
    const valid = url && /^https?:$/.test(url.protocol) && url.origin === text;
    if (valid) return { value: text };
    const hint = url && url.origin !== 'null' ? `, such as ${url.origin}` : '';
    return { fault: `must be an exact http or https origin${hint}` };
  },
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
