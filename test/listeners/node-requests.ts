import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

const STARTED = 'http.server.request.start';

export interface NodeRequests {
  /** Those over HTTP/1.1 that Node's own HTTP has served in this process. */
  readonly served: IncomingMessage[];
  stop(): void;
}

export function recordNodeRequests(): NodeRequests {
  const served: IncomingMessage[] = [];
  const record = (message: unknown) =>
    void served.push((message as { readonly request: IncomingMessage }).request);
  subscribe(STARTED, record);
  return { served, stop: () => unsubscribe(STARTED, record) };
}
