import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_google_rpc_error_details } from '@signum/contract/google/rpc/error_details_pb.js';
import { Health } from '@signum/contract/grpc/health/v1/health_pb.js';
import type { Rpc } from '../../rpc/rpc.ts';

/**
 * Server reflection (grpc.reflection.v1 and v1alpha), so that stock clients can list and call the
 * services without proto files, and read the details of errors. The library is fed with the
 * descriptors of the generated code; of the package definition that it asks for it reads nothing else.
 */
export function addReflection(server: Server, { services }: Pick<Rpc, 'services'>): void {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile) => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    file.dependencies.forEach(add);
  };
  const all = [...services, Health];
  for (const service of all) add(service.file);
  add(file_google_rpc_error_details);
  const fileDescriptorProtos = [...files.values()].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  const definition = { signum: { format: '', type: {}, fileDescriptorProtos } };
  new ReflectionService(definition as ConstructorParameters<typeof ReflectionService>[0], {
    services: all.map((service) => service.typeName),
  }).addToServer(server);
}
