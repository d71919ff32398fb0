// The ceiling of gRPC: grpc-js with a handler that gets and answers bytes as they are.
import { readFileSync } from 'node:fs';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { HelperPlan } from './helper-server.ts';

const plan = JSON.parse(process.argv[2] ?? '') as HelperPlan;
const { port, socket, tls, answerFile = '', path } = plan;
const answer = readFileSync(answerFile);
const asIs = (bytes: Buffer) => bytes;
const handle: handleUnaryCall<Buffer, Buffer> = (_call, done) => done(null, answer);

const server = new Server();
server.addService(
  {
    empty: {
      path: String(path),
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  { empty: handle },
);
// Proxies ask for it before they send anything else.
new HealthImplementation({ '': 'SERVING' }).addToServer(server);
const credentials = tls
  ? ServerCredentials.createSsl(null, [
      { cert_chain: readFileSync(tls.certFile), private_key: readFileSync(tls.keyFile) },
    ])
  : ServerCredentials.createInsecure();
const at = socket === undefined ? `127.0.0.1:${port}` : `unix:${socket}`;
server.bindAsync(at, credentials, (error) => {
  if (error) throw error;
  console.log('ready');
});
