import type { DescMethod, DescMethodUnary } from '@bufbuild/protobuf';
import type { Rpc, StreamingMethod } from '../rpc/rpc.ts';

/** The methods that take one message and answer one. */
export function unaryMethods(rpc: Pick<Rpc, 'services'>): DescMethodUnary[] {
  return allMethods(rpc).filter(
    (method): method is DescMethodUnary => method.methodKind === 'unary',
  );
}

/** The methods that stream their answers, or both ways. */
export function streamingMethods(rpc: Pick<Rpc, 'services'>): StreamingMethod[] {
  return allMethods(rpc).filter(
    (method): method is StreamingMethod =>
      method.methodKind === 'bidi_streaming' || method.methodKind === 'server_streaming',
  );
}

function allMethods({ services }: Pick<Rpc, 'services'>): readonly DescMethod[] {
  return services.flatMap((service) => service.methods);
}

/** The path under which gRPC and Connect serve a method. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
