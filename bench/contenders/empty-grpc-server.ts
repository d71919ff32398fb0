// The ceiling of gRPC: grpc-js with a handler that gets and answers bytes as they are.
import { readFileSync } from 'node:fs';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { HelperPlan } from './helper-server.ts';

const { port, tls, answerFile = '', path } = JSON.parse(process.argv[2] ?? '') as HelperPlan;
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
server.bindAsync(`127.0.0.1:${port}`, credentials, (error) => {
  if (error) throw error;
  console.log('ready');
});
