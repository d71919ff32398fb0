import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';

/** Every service of the contract, and that of Envoy's external authorization. */
export const SERVICES = [
  TokenService,
  KeyService,
  CallerService,
  FeedService,
  Authorization,
] as const;

/** Every method there is, by full name, such as `signum.v1.TokenService/Issue`. */
export function methodNames(): string[] {
  return SERVICES.flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `${typeName}/${name}`),
  );
}
