import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { hasBegunToAnswer, takeConnections, takeStreams } from './node-internals.ts';

const both = (): ReturnType<typeof createSecureServer> => createSecureServer({ allowHTTP1: true });

test('the version is the one that the adapter was written for', () => {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(devDependencies.node).toBe(process.versions.node);
});

test('HTTP listens for TCP connections from the start, and once', () => {
  expect(createServer().listeners('connection')).toHaveLength(1);
  expect(both().listeners('connection')).toHaveLength(1);
});

test('HTTP/2 and HTTP/1.1 share one listener for TLS connections', () => {
  expect(both().listeners('secureConnection')).toHaveLength(1);
});

test('who takes connections hands them on to those who took them before', () => {
  const server = both();
  const [theirs] = server.listeners('secureConnection');
  takeConnections(server, 'secureConnection', () => {});
  expect(server.listeners('secureConnection')).not.toContain(theirs);
});

test('a server that takes no connections is told so', () => {
  const server = createServer().removeAllListeners('connection');
  expect(() => takeConnections(server, 'connection', () => {})).toThrow('nobody takes');
});

test('with a listener for requests, Node has one of its own for streams, which can be replaced', () => {
  const server = both().on('request', () => {});
  expect(server.listeners('stream')).not.toEqual([]);
  const take = () => {};
  takeStreams(server, take);
  expect(server.listeners('stream')).toEqual([take]);
});

test('a connection knows the answer that is under way on it', async () => {
  const answers = Promise.withResolvers<{ socket: Socket; response: ServerResponse }>();
  const server = createServer(({ socket }, response) => answers.resolve({ socket, response }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {}).write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const { socket, response } = await answers.promise;
  expect(socket).toHaveProperty('_httpMessage', response);
  expect(hasBegunToAnswer(socket)).toBe(false);
  response.write('half');
  expect(hasBegunToAnswer(socket)).toBe(true);
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
