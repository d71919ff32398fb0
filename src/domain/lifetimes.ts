import { SignumError } from './errors.ts';

/** How long things live. All in milliseconds, whole seconds, access <= refresh <= session. */
export interface Lifetimes {
  readonly accessMs: number;
  readonly refreshMs: number;
  readonly sessionMs: number;
}

/** Lifetimes asked for by a caller; an absent one means the most allowed. */
export type LifetimeWish = { readonly [K in keyof Lifetimes]?: number | undefined };

const FIELD: { readonly [K in keyof Lifetimes]: string } = {
  accessMs: 'access_lifetime',
  refreshMs: 'refresh_lifetime',
  sessionMs: 'session_lifetime',
};

/** What the caller wished for, within what is allowed: a wish shortens, it never lengthens. */
export function grantLifetimes(allowed: Lifetimes, wish: LifetimeWish): Lifetimes {
  const sessionMs = grant('sessionMs', allowed, wish);
  const refreshMs = Math.min(grant('refreshMs', allowed, wish), sessionMs);
  return { sessionMs, refreshMs, accessMs: Math.min(grant('accessMs', allowed, wish), refreshMs) };
}

function grant(which: keyof Lifetimes, allowed: Lifetimes, wish: LifetimeWish): number {
  const wished = wish[which] ?? allowed[which];
  if (wished <= allowed[which]) return wished;
  throw new SignumError(
    'LIFETIME_TOO_LONG',
    `${FIELD[which]} must be at most ${allowed[which]} ms`,
    {
      metadata: { field: FIELD[which], max_ms: String(allowed[which]) },
    },
  );
}
