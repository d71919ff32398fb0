import {
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import type {
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { quickWriterOf } from '../../rpc/codec/quick-writer.ts';
import { readerOf } from '../../rpc/codec/read-message.ts';
import { maxBytesOf } from '../message-limits.ts';
import { streamingMethods } from '../streaming-methods.ts';
import { pathOf, unaryMethods } from '../unary-methods.ts';
import { asBuffer, contextOf, decode, type GrpcServiceDeps, toServiceError } from './call.ts';
import { streamHandlerOf } from './stream.ts';

/** A service as grpc-js wants it, made from its descriptor. Requests stay bytes until the handler. */
export function grpcDefinition(service: DescService): ServiceDefinition {
  const of = { services: [service] };
  const methods = [...unaryMethods(of), ...streamingMethods(of)];
  return Object.fromEntries(methods.map((method) => [method.name, methodDefinition(method)]));
}

function methodDefinition(method: DescMethod): ServiceDefinition[string] {
  const pass = (bytes: Buffer) => bytes;
  const streams = method.methodKind !== 'unary';
  const write = quickWriterOf(method);
  return {
    path: pathOf(method),
    requestStream: streams,
    responseStream: streams,
    requestSerialize: pass,
    // grpc-js answers a request that it cannot read without any details; the handler does better.
    requestDeserialize: pass,
    responseSerialize: (message: Message) =>
      asBuffer(write(message) ?? toBinary(method.output, message)),
    responseDeserialize: pass,
  };
}

export function grpcImplementation(
  service: DescService,
  deps: GrpcServiceDeps,
): UntypedServiceImplementation {
  const of = { services: [service] };
  return Object.fromEntries([
    ...unaryMethods(of).map((method) => [method.name, handlerOf(method, deps)]),
    ...streamingMethods(of).map((method) => [method.name, streamHandlerOf(method, deps)]),
  ]);
}

function handlerOf(method: DescMethodUnary, { rpc, peerAt, limits }: GrpcServiceDeps) {
  const maxBytes = maxBytesOf(method, limits);
  const read = readerOf(method);
  return (call: ServerUnaryCall<Buffer, Message>, callback: sendUnaryData<Message>) => {
    const fail = (thrown: unknown) => callback(toServiceError(thrown));
    try {
      const message = decode(read, call.request, maxBytes);
      const context = contextOf(call, peerAt);
      rpc.invoke({ method, message, ...context }).then((answer) => callback(null, answer), fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
}
