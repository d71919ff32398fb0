import type { DescMethod, DescMethodUnary, DescService, Message } from '@bufbuild/protobuf';
import type {
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { messageTooLarge } from '../../rpc/codec/read-message.ts';
import { asBuffer, messageCodecOf } from '../../rpc/message-codec.ts';
import { pathOf, streamingMethods, unaryMethods } from '../methods.ts';
import { GrpcHead, type GrpcServiceDeps, toServiceError } from './call.ts';
import { streamHandlerOf } from './stream.ts';

/** A service as grpc-js wants it, made from its descriptor. Requests stay bytes until the handler. */
export function grpcDefinition(service: DescService): ServiceDefinition {
  const of = { services: [service] };
  const methods = [...unaryMethods(of), ...streamingMethods(of)];
  return Object.fromEntries(methods.map((method) => [method.name, methodDefinition(method)]));
}

function methodDefinition(method: DescMethod): ServiceDefinition[string] {
  const pass = (bytes: Buffer) => bytes;
  const codec = messageCodecOf(method);
  return {
    path: pathOf(method),
    requestStream: method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind !== 'unary',
    requestSerialize: pass,
    // grpc-js answers a request that it cannot read without any details; the handler does better.
    requestDeserialize: pass,
    responseSerialize: (message: Message) => asBuffer(codec.write(message, 'binary')),
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

function handlerOf(method: DescMethodUnary, deps: GrpcServiceDeps) {
  const codec = messageCodecOf(method);
  return (call: ServerUnaryCall<Buffer, Message>, callback: sendUnaryData<Message>) => {
    const opened = deps.rpc.open(method, new GrpcHead(call, deps));
    const fail = (thrown: unknown) => callback(toServiceError(opened.fail(thrown)));
    const run = () => {
      try {
        if (call.request.byteLength > opened.maxBytes) throw messageTooLarge(opened.maxBytes);
        const message = codec.read(call.request, 'binary');
        opened.run(message).then((answer) => callback(null, answer), fail);
      } catch (thrown) {
        fail(thrown);
      }
    };
    try {
      const admission = opened.admit();
      if (admission === undefined) run();
      else admission.then(run, fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
}
