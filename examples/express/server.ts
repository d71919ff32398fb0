// An Express app that verifies Signum's tokens in its own memory.
//   SIGNUM_ADDRESS  https://localhost:8443
//   SIGNUM_API_KEY  of a caller with the permissions watch and validate
//   SIGNUM_CA_FILE  who signed the server's certificate
import { readFileSync } from 'node:fs';
import { connectEdge } from '@signum/edge';
import { signum } from '@signum/edge/express';
import express from 'express';

const { SIGNUM_ADDRESS = '', SIGNUM_API_KEY, SIGNUM_CA_FILE, PORT = '3000' } = process.env;

const edge = await connectEdge({
  address: SIGNUM_ADDRESS,
  credentials: { apiKey: SIGNUM_API_KEY, ca: SIGNUM_CA_FILE && readFileSync(SIGNUM_CA_FILE) },
});

const app = express();
app.get('/hello', signum(edge, { scopes: ['read'] }), (request, response) => {
  response.send(`Hello, ${request.signum?.userId}\n`);
});

const server = app.listen(Number(PORT), (error) => {
  if (error) throw error;
  console.log(`listening on ${JSON.stringify(server.address())}`);
});
process.on('SIGTERM', () => {
  server.close();
  void edge.close();
});
