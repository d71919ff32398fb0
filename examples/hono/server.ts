// A Hono app that verifies Signum's tokens in its own memory.
//   SIGNUM_ADDRESS  https://localhost:8443
//   SIGNUM_API_KEY  of a caller with the permissions watch and validate
//   SIGNUM_CA_FILE  who signed the server's certificate
import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { connectEdge } from '@signum/edge';
import { signum } from '@signum/edge/hono';
import { Hono } from 'hono';

const { SIGNUM_ADDRESS = '', SIGNUM_API_KEY, SIGNUM_CA_FILE, PORT = '3000' } = process.env;

const edge = await connectEdge({
  address: SIGNUM_ADDRESS,
  credentials: { apiKey: SIGNUM_API_KEY, ca: SIGNUM_CA_FILE && readFileSync(SIGNUM_CA_FILE) },
});

const app = new Hono<{ Variables: { signum: { userId: string } } }>();
app.use('/hello', signum(edge, { scopes: ['read'] }));
app.get('/hello', (context) => context.text(`Hello, ${context.get('signum').userId}\n`));

const server = serve({ fetch: app.fetch, port: Number(PORT) }, (address) => {
  console.log(`listening on ${JSON.stringify(address)}`);
});
process.on('SIGTERM', () => {
  server.close();
  void edge.close();
});
