import type { Gateway } from './gateway.ts';

export interface Shown {
  readonly gateway: Pick<Gateway, 'name' | 'credentials'>;
  /** The Signum's. */
  readonly address: string;
  readonly atEdge: boolean;
  readonly port: number;
}

/** What an example says when it starts a service that verifies tokens itself. */
export function whatToPasteForApp(name: string, port: number): string {
  const request = `curl -si -H "authorization: Bearer $ACCESS_TOKEN" http://localhost:${port}/hello`;
  return `examples/${name} verifies in its own memory, at http://localhost:${port}/hello, for tokens with the scope read.

# In a third terminal, in this directory. Without a token: 401.
curl -si http://localhost:${port}/hello
signum() { node scripts/run.js cli "$@"; }
eval "$(signum issue --tenant acme --user ada --device phone --scope read --output shell)"

# With a token it passes.
${request}

# Log out, and wait until no edge accepts it. The same request: 401.
echo "$ACCESS_TOKEN" | signum revoke - --fence
${request}

Ctrl-C stops it.
`;
}

/** What an example says when its gateway listens: what to try, and what happens then. */
export function whatToPaste({ gateway, address, atEdge, port }: Shown): string {
  const { name, credentials } = gateway;
  const asksNobody = credentials.length === 0;
  const how = asksNobody
    ? `verifies tokens by the public keys of the Signum at ${address}, and does not hear of logouts`
    : `asks ${atEdge ? 'a signum edge, which follows ' : ''}the Signum at ${address}`;
  const request = `curl -si -H "authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:${port}/orders`;
  const afterwards = asksNobody ? 'it passes, until the token expires' : '401';
  return `${name} listens on http://127.0.0.1:${port}, with the configuration in examples/${name}.
It ${how}.
Behind it is a service that echoes the headers of a request.

# In a third terminal, in this directory. Without a token: 401, and the challenge.
curl -si http://127.0.0.1:${port}/orders
signum() { node scripts/run.js cli "$@"; }
eval "$(signum issue --tenant acme --user ada --device phone --output shell)"

# With a token: it passes, and the service is told whose it is.
${request}

# Log out. The same request: ${afterwards}.
echo "$ACCESS_TOKEN" | signum revoke -${atEdge ? ' --fence' : ''}
${request}

Ctrl-C stops the gateway.
`;
}
