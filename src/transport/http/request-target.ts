import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http2';

/** RFC 3986 section 3.2.2, with a port if any; RFC 9112 section 3.2 lets it be empty. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/i;
/** RFC 9112 section 3.2.2. */
const ABSOLUTE = /^https?:\/\/([^/?#]+)([/?][^#]*)?$/i;

/**
 * Reads where a request of HTTP/1 goes, by RFC 9112 section 3. Node's parser leaves that to others. There
 * must be one Host, well formed; a target in absolute form, as proxies send it, counts for the Host as
 * well. Answers the status that the request is refused with, if it is; else the request has its target in
 * origin form.
 */
export function settleTarget(request: IncomingMessage): 400 | 417 | 505 | undefined {
  const { httpVersion, headers, rawHeaders } = request;
  if (request.httpVersionMajor !== 1) return 505;
  const hosts = countOf(rawHeaders, 'host');
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return 400;
  const absolute = ABSOLUTE.exec(request.url ?? '');
  if (absolute !== null) {
    const [, authority = '', target = '/'] = absolute;
    headers.host = authority;
    request.url = target.startsWith('/') ? target : `/${target}`;
  }
  if (!HOST.test(headers.host ?? '')) return 400;
  // Whoever expects something else than to be told to go on is told that it will not come.
  const { expect } = headers;
  return expect === undefined || expect.toLowerCase() === '100-continue' ? undefined : 417;
}

/** The path of a request, and what follows its `?`. */
export function splitTarget(target = ''): [path: string, query: string] {
  const end = target.indexOf('?');
  return end < 0 ? [target, ''] : [target.slice(0, end), target.slice(end + 1)];
}

/** Whether a head of HTTP/2 names two servers, which makes it malformed (RFC 9113 section 8.3.1). */
export function hasTwoAuthorities(headers: IncomingHttpHeaders): boolean {
  const { ':authority': authority, host } = headers;
  if (authority === undefined || host === undefined || authority === host) return false;
  return withoutPort(authority) !== withoutPort(host);
}

/** Of https, which goes without saying. */
function withoutPort(authority: string): string {
  return authority.toLowerCase().replace(/:443$/, '');
}

/** Whether a Host has nothing unusual in it. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/** Of names and values in turn. */
function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) count += 1;
  }
  return count;
}
