import { createRegistry } from '@bufbuild/protobuf';
import { file_google_rpc_error_details } from '@signum/contract/google/rpc/error_details_pb.js';

/**
 * BatchValidate answers errors as google.protobuf.Any, which JSON spells out by its type's fields:
 * the types that errors carry must be known.
 */
export const JSON_OPTIONS = { registry: createRegistry(file_google_rpc_error_details) };
