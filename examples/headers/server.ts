// A server of node:http that verifies Signum's tokens in its own memory.
//   SIGNUM_ADDRESS  https://localhost:8443
//   SIGNUM_API_KEY  of a caller with the permissions watch and validate
//   SIGNUM_CA_FILE  who signed the server's certificate
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connectEdge } from '@signum/edge';
import { createGuard } from '@signum/edge/headers';

const { SIGNUM_ADDRESS = '', SIGNUM_API_KEY, SIGNUM_CA_FILE, PORT = '3000' } = process.env;

const edge = await connectEdge({
  address: SIGNUM_ADDRESS,
  credentials: { apiKey: SIGNUM_API_KEY, ca: SIGNUM_CA_FILE && readFileSync(SIGNUM_CA_FILE) },
});
const guard = createGuard(edge, { scopes: ['read'] });

const server = createServer(async (request, response) => {
  const guarded = await guard(request.headers);
  if (guarded.admitted) response.end(`Hello, ${guarded.token.userId}\n`);
  else response.writeHead(guarded.status, guarded.headers).end();
});
server.listen(Number(PORT), () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});
process.on('SIGTERM', () => {
  server.close();
  void edge.close();
});
