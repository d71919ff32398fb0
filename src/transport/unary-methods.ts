import type { DescMethod, DescMethodUnary } from '@bufbuild/protobuf';
import type { Rpc } from '../rpc/rpc.ts';

/** The methods that take one message and answer one. */
export function unaryMethods({ services }: Pick<Rpc, 'services'>): DescMethodUnary[] {
  const methods: readonly DescMethod[] = services.flatMap((service) => service.methods);
  return methods.filter((method): method is DescMethodUnary => method.methodKind === 'unary');
}

/** The path under which gRPC and Connect serve a method. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
