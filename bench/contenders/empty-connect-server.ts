// The peer of the Connect protocol: connect-node with a handler that always answers the same.
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { fromBinary } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  TokenService,
  ValidateResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { HelperPlan } from './helper-server.ts';

const { port, tls, answerFile = '' } = JSON.parse(process.argv[2] ?? '') as HelperPlan;
const answer = fromBinary(ValidateResponseSchema, readFileSync(answerFile));

const listener = connectNodeAdapter({
  acceptCompression: [],
  routes: (router) => {
    router.service(TokenService, { validate: () => answer });
  },
});
const server = tls
  ? createHttps({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, listener)
  : createHttp(listener);
server.listen(port, '127.0.0.1', () => console.log('ready'));
