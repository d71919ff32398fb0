import { startTestServer, type TestServer } from '../setup/server.ts';

/** Another server of the same deployment: same Redis, same secrets, its own ports and certificate. */
export function startAnother({ env }: TestServer): Promise<TestServer> {
  const { SIGNUM_TLS_CERT_FILE: _, SIGNUM_TLS_KEY_FILE: __, ...shared } = env;
  return startTestServer(shared);
}
