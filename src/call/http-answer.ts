/** What an HTTP endpoint sees of a request, whatever the HTTP version. */
export interface HttpRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case names. They take precedence over what the listener puts on every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HttpEndpoint = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** Endpoints by path. */
export type HttpRoutes = ReadonlyMap<string, HttpEndpoint>;
