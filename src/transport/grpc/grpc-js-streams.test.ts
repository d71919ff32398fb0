import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { takeStreams } from './grpc-js-streams.ts';

test('grpc-js has one HTTP/2 server for an injector, with one listener for streams', () => {
  const grpc = new Server();
  grpc.createConnectionInjector(ServerCredentials.createInsecure());
  expect(() => takeStreams(grpc, () => true)).not.toThrow();
});

test('a server that takes no connections by injection is told so', () => {
  expect(() => takeStreams(new Server(), () => true)).toThrow('where it used to');
});
