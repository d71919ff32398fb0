import type { DescMethod, DescMethodBiDiStreaming } from '@bufbuild/protobuf';
import type { Rpc } from '../rpc/rpc.ts';

/** The methods that stream, all of them both ways. */
export function streamingMethods({ services }: Pick<Rpc, 'services'>): DescMethodBiDiStreaming[] {
  const methods: readonly DescMethod[] = services.flatMap((service) => service.methods);
  return methods.filter(
    (method): method is DescMethodBiDiStreaming => method.methodKind === 'bidi_streaming',
  );
}
