import { readFileSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { expect, test } from 'vitest';
import { takeStreams } from './grpc-js.ts';

test('grpc-js has one HTTP/2 server for an injector, with one listener for streams', () => {
  const grpc = new Server();
  grpc.createConnectionInjector(ServerCredentials.createInsecure());
  expect(() => takeStreams(grpc, () => true)).not.toThrow();
});

test('a server that takes no connections by injection is told so', () => {
  expect(() => takeStreams(new Server(), () => true)).toThrow('where it used to');
});

test.each(['@grpc/grpc-js', '@grpc/reflection'])('%s is the version that is pinned', (name) => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
  const wanted = read('package.json').dependencies[name];
  expect(wanted).toMatch(/^\d+\.\d+\.\d+$/);
  expect(read(`node_modules/${name}/package.json`).version).toBe(wanted);
});

test('reflection reads nothing of a package definition but its descriptors, as bytes', () => {
  const reads: string[] = [];
  const member = (name: string, value: unknown) => ({
    enumerable: true,
    get() {
      reads.push(name);
      return value;
    },
  });
  const part = Object.defineProperties(
    {},
    {
      format: member('format', ''),
      type: member('type', {}),
      fileDescriptorProtos: member('fileDescriptorProtos', []),
    },
  );
  new ReflectionService({ part } as ConstructorParameters<typeof ReflectionService>[0]);
  expect(new Set(reads)).toEqual(new Set(['fileDescriptorProtos']));
});
