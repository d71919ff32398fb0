import { GATEWAYS } from '../../examples/run/gateway.ts';

/** Every gateway that asks about each request, at a server and at `signum edge`. */
export const ASKING = GATEWAYS.filter(({ credentials }) => credentials.length > 0).flatMap(
  (gateway) => [
    { gateway, way: 'key' as const, at: 'the server' },
    { gateway, way: 'edge' as const, at: 'signum edge' },
  ],
);
