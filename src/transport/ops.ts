import { createServer, type ServerResponse } from 'node:http';
import { trackConnections } from './drain/connections.ts';
import { settleTarget } from './http/request-target.ts';
import { listen } from './listen.ts';
import type { Listener, ListenOptions } from './listener.ts';

/** Whether calls can be answered now; `failed` names the checks that say no. */
export interface Readiness {
  readonly ready: boolean;
  readonly failed: readonly string[];
}

export interface OpsOptions extends ListenOptions {
  readiness(): Readiness | Promise<Readiness>;
  readonly metrics: {
    /** The text of all metrics, in the format that `contentType` names. */
    text(): Promise<string>;
    readonly contentType: string;
  };
}

/**
 * For orchestrators and Prometheus, without TLS and without callers: keep it on the loopback or on a
 * network of one's own. `/livez` says that the process turns; it fails for no reason that a restart
 * would not help against.
 */
export async function startOps(options: OpsOptions): Promise<Listener> {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      requireHostHeader: false,
    },
    (request, response) => {
      const fault = settleTarget(request);
      const [path = '', query = ''] = (request.url ?? '').split('?');
      request.resume();
      if (fault !== undefined) refuse(response, fault, 'malformed request');
      // As Kubernetes asks its own parts; here every answer is.
      else if (query !== '' && query !== 'verbose')
        refuse(response, 400, 'there are no parameters');
      else void answer(options, request.method ?? '', path, response);
    },
  );
  server.maxConnections = 256;
  const connections = trackConnections(server);
  const address = await listen(server, options);
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    address,
    drain: closed,
    async close() {
      const done = closed();
      connections.destroyAll();
      await done;
    },
  };
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.shouldKeepAlive = false;
  send(response, 'GET', status, 'application/json', `${JSON.stringify({ error })}\n`);
}

async function answer(
  { readiness, metrics }: OpsOptions,
  verb: string,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const json = (status: number, body: unknown) =>
    send(response, verb, status, 'application/json', `${JSON.stringify(body)}\n`);
  if (verb !== 'GET' && verb !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return json(405, { error: 'method not allowed' });
  }
  try {
    switch (path) {
      case '/livez':
        return json(200, { alive: true });
      case '/readyz': {
        const state = await readiness();
        return json(state.ready ? 200 : 503, state);
      }
      case '/metrics':
        return send(response, verb, 200, metrics.contentType, await metrics.text());
      default:
        return json(404, { error: 'not found' });
    }
  } catch {
    return json(500, { error: 'internal error' });
  }
}

function send(
  response: ServerResponse,
  verb: string,
  status: number,
  contentType: string,
  body: string,
): void {
  response.writeHead(status, {
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
  });
  response.end(verb === 'HEAD' ? undefined : body);
}
