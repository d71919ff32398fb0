import * as oauth from 'oauth4webapi';
import { send } from '../listeners/send.ts';
import type { TestServer } from '../setup/server.ts';

/** Requests of OAuth clients to a server that is started later. */
export function clientOf(signum: () => TestServer) {
  const at = () => ({
    version: '1.1' as const,
    port: signum().server.addresses.public.port,
    ca: Buffer.from(signum().ca),
  });

  /** Posts a form. */
  async function post(
    path: string,
    form: string | Record<string, string>,
    headers: Record<string, string> = {},
  ) {
    const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await send({
      ...at(),
      ...{ method: 'POST', path, body, headers: { ...type, ...headers } },
    });
    const text = answer.body.toString();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { ...answer, json: isJson ? JSON.parse(text) : undefined };
  }

  /** `fetch` for a stock client: it reaches the server at its real address, whatever the issuer is called. */
  async function reach(
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: unknown },
  ) {
    const { status, headers, body } = await send({
      ...at(),
      path: new URL(url).pathname,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      body: init.body === undefined ? '' : String(init.body),
    });
    const flat = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    return new Response(status === 204 ? null : body.toString(), { status, headers: flat });
  }

  return { post, reach, options: { [oauth.customFetch]: reach as never } };
}

/** Credentials of HTTP Basic (RFC 6749 section 2.3.1). */
export function basic(id: string, secret: string): string {
  const text = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}
