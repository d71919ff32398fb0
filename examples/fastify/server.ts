// A Fastify app that verifies Signum's tokens in its own memory.
//   SIGNUM_ADDRESS  https://localhost:8443
//   SIGNUM_API_KEY  of a caller with the permissions watch and validate
//   SIGNUM_CA_FILE  who signed the server's certificate
import { readFileSync } from 'node:fs';
import { connectEdge, type VerifiedToken } from '@signum/edge';
import { signum } from '@signum/edge/fastify';
import { fastify } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    signum?: VerifiedToken;
  }
}

const { SIGNUM_ADDRESS = '', SIGNUM_API_KEY, SIGNUM_CA_FILE, PORT = '3000' } = process.env;

const edge = await connectEdge({
  address: SIGNUM_ADDRESS,
  credentials: { apiKey: SIGNUM_API_KEY, ca: SIGNUM_CA_FILE && readFileSync(SIGNUM_CA_FILE) },
});

const app = fastify();
app.get('/hello', { onRequest: signum(edge, { scopes: ['read'] }) }, async (request) => {
  return `Hello, ${request.signum?.userId}\n`;
});

await app.listen({ port: Number(PORT) });
console.log(`listening on ${JSON.stringify(app.server.address())}`);
process.on('SIGTERM', () => {
  void app.close();
  void edge.close();
});
