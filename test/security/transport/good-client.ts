import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { type TestServer, TokenService } from '../../setup/server.ts';
import { issued, newDevice, type Tokens, verdictOf } from '../../wire/issued.ts';

export interface GoodClient {
  /** Ends the last round, makes one more, and gives how many there were. Rejects on any wrong answer. */
  finish(): Promise<number>;
}

/** Goes on calling both listeners as if nothing were the matter, and holds every answer to the truth. */
export function startGoodClient(server: TestServer): GoodClient {
  const listeners = [server.client(TokenService), overGrpc(server)];
  let rounds = 0;
  let going = true;
  const run = (async () => {
    while (going) {
      await Promise.all(listeners.map(live));
      rounds += 1;
    }
    await Promise.all([server.client(TokenService), overGrpc(server)].map(live));
  })();
  run.catch(() => {});
  return {
    async finish() {
      going = false;
      await run;
      return rounds;
    },
  };
}

async function live(tokens: Tokens): Promise<void> {
  const { accessToken } = await issued(tokens, newDevice());
  const before = await verdictOf(tokens, accessToken);
  await tokens.revoke({ subject: { case: 'token', value: accessToken } });
  const after = await verdictOf(tokens, accessToken);
  if (before !== 'ACTIVE' || after !== 'REVOKED') throw new Error(`${before}, then ${after}`);
}

function overGrpc({ grpcAddress, ca, adminKey }: TestServer): Tokens {
  const transport = createGrpcTransport({
    baseUrl: `https://${grpcAddress}`,
    nodeOptions: { ca },
    interceptors: [
      (next) => (request) => {
        request.header.set('authorization', `Bearer ${adminKey}`);
        return next(request);
      },
    ],
  });
  return createClient(TokenService, transport);
}
