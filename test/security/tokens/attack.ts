import { forge, type Parts, partsOf } from './forge.ts';
import type { Stage } from './stage.ts';

/** What the attacks are made of: the stage, the live tokens, and where a fetch would end up. */
export interface Material extends Stage {
  readonly access: Parts;
  readonly refresh: Parts;
  /** URL that must never be asked. */
  readonly trap: string;
}

/** One or several tokens, none of which may be accepted anywhere. */
export type Attack = readonly [name: string, make: (on: Material) => string | readonly string[]];

export function materialOf(stage: Stage, trap: string): Material {
  const { accessToken, refreshToken } = stage.pair;
  return { ...stage, access: partsOf(accessToken), refresh: partsOf(refreshToken), trap };
}

/** Signed by the right key, with this header instead of the live token's. */
export const withHeader = ({ access, jwks }: Material, change: object): string =>
  forge({ ...access.header, ...change }, access.payload, jwks.ES256);

/** Signed by the right key, with this payload instead of the live token's. */
export const withPayload = ({ access, jwks }: Material, payload: unknown): string =>
  forge(access.header, payload, jwks.ES256);
