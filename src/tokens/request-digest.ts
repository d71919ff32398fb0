import { hash } from 'node:crypto';
import type { SupersedePolicy } from '../domain/session.ts';

/** 132 bits. */
const LENGTH = 22;

/**
 * What an Issue asks for and who asks, as a hash: with the same request id only the same request is
 * answered the same session again. The policy is the one in force, so that a deployment that has
 * become stricter meanwhile is heeded. The order of members does not count, since no client promises
 * to write a map in the same order twice.
 */
export function requestDigest(
  by: string,
  { requestId: _, ...asked }: { readonly requestId?: string | undefined },
  policy: SupersedePolicy,
): string {
  const text = JSON.stringify(ordered({ ...asked, by, policy }));
  return hash('sha256', text, 'base64url').slice(0, LENGTH);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, member]) => [name, ordered(member)]);
}
