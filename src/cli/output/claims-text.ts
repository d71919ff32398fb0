import type { JsonObject } from '@bufbuild/protobuf';

/** Custom claims as JSON; undefined if there are none. */
export function claimsText(claims: JsonObject | undefined): string | undefined {
  return claims && Object.keys(claims).length > 0 ? JSON.stringify(claims) : undefined;
}
