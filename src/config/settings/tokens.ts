import { duration } from '../kinds/duration.ts';
import { integer } from '../kinds/integer.ts';
import { list } from '../kinds/list.ts';
import { supersedePolicy, tenantPolicies } from '../kinds/tenant-policies.ts';
import { stringOrUri } from '../kinds/text.ts';
import { serviceAddress } from '../kinds/url.ts';
import { defaulted, optional, required } from '../setting.ts';

const MAX_AUDIENCES = 16;

/** What tokens say. */
export const tokens = {
  title: 'Tokens',
  settings: {
    issuer: required({
      env: 'SIGNUM_ISSUER',
      kind: stringOrUri,
      doc: 'The `iss` claim of every token; an https URL if clients are to discover the key set. Another one leaves what was issued before without effect, to servers that have it: neither its tokens nor their ids are good, and its devices are free.',
    }),
    publicUrl: optional({
      env: 'SIGNUM_PUBLIC_URL',
      kind: serviceAddress,
      doc: 'Where clients reach the public listener, for the addresses in the OAuth metadata; the origin of SIGNUM_ISSUER when absent.',
    }),
    audiences: required({
      env: 'SIGNUM_AUDIENCE',
      kind: list(stringOrUri, { max: MAX_AUDIENCES }),
      doc: 'The audiences that tokens may be issued for; the first unless Issue names some.',
    }),
    userAudience: optional({
      env: 'SIGNUM_USER_AUDIENCE',
      kind: stringOrUri,
      doc: "The audience that a user's access token must name to be a credential at Signum itself, to list and end the user's own sessions: an API that is given a token for another cannot. One of SIGNUM_AUDIENCE, the first when absent.",
    }),
  },
} as const;

/** How long things live: access <= refresh <= session. */
export const lifetimes = {
  title: 'Lifetimes',
  settings: {
    accessMs: defaulted({
      env: 'SIGNUM_ACCESS_LIFETIME',
      kind: duration({ min: '1s', max: '24h', wholeSeconds: true }),
      default: '15m',
      doc: 'Lifetime of an access token; a caller may shorten it per Issue.',
    }),
    refreshMs: defaulted({
      env: 'SIGNUM_REFRESH_LIFETIME',
      kind: duration({ min: '1s', max: '365d', wholeSeconds: true }),
      default: '7d',
      doc: 'Lifetime of a refresh token; every refresh starts it anew.',
    }),
    sessionMs: defaulted({
      env: 'SIGNUM_SESSION_LIFETIME',
      kind: duration({ min: '1s', max: '3650d', wholeSeconds: true }),
      default: '30d',
      doc: 'Lifetime of a session however often it is refreshed.',
    }),
  },
} as const;

/** The rules of sessions. */
export const sessions = {
  title: 'Sessions',
  settings: {
    refreshGraceMs: defaulted({
      env: 'SIGNUM_REFRESH_GRACE',
      kind: duration({ min: '0', max: '300s' }),
      default: '10s',
      doc: 'How long the refresh token before the current one is answered again instead of counting as reuse.',
    }),
    clockSkewMs: defaulted({
      env: 'SIGNUM_CLOCK_SKEW',
      kind: duration({ min: '0', max: '300s' }),
      default: '60s',
      doc: "How far verifiers' clocks may be off; revoked tokens are remembered that much past their expiry.",
    }),
    supersedePolicy: defaulted({
      env: 'SIGNUM_SUPERSEDE_POLICY',
      kind: supersedePolicy,
      default: 'supersede',
      doc: 'What a new Issue does to a session that is live on the device.',
    }),
    tenantPolicies: defaulted({
      env: 'SIGNUM_SUPERSEDE_POLICY_TENANTS',
      kind: tenantPolicies,
      default: '',
      doc: 'Tenants with another policy.',
    }),
    maxDevices: defaulted({
      env: 'SIGNUM_MAX_DEVICES',
      kind: integer({ min: 1, max: 1_000 }),
      default: '100',
      doc: 'Sessions that a user may hold at once.',
    }),
    sweepIntervalMs: defaulted({
      env: 'SIGNUM_SWEEP_INTERVAL',
      kind: duration({ min: '100ms', max: '1h' }),
      default: '1s',
      doc: 'How often expired sessions are moved to the revoked table.',
    }),
    sweepBatch: defaulted({
      env: 'SIGNUM_SWEEP_BATCH',
      kind: integer({ min: 1, max: 256 }),
      default: '64',
      doc: 'Sessions that one step of the sweep moves at most; a step holds up its shard.',
    }),
  },
} as const;
