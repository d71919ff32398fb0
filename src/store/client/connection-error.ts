import { GreetingRefused, NotRedis } from './greeting.ts';
import { RedisMisconfigured } from './misconfigured.ts';
import type { RedisTarget } from './where/url.ts';

export interface ConnectionFault {
  /** One line for whoever runs the server. */
  readonly line: string;
  /** Whether trying again is of no use until a setting or Redis is changed. */
  readonly isPermanent: boolean;
}

/**
 * Says why a connection failed. What a setting is to blame for is told by that setting. There is no
 * stack, which would show the client library only, and nothing of a password or a command's arguments.
 */
export function explainConnectionError(error: Error, target: RedisTarget): ConnectionFault {
  const { cause, fromSentinel } = causeOf(error);
  const said = messageOf(cause);
  const permanent =
    cause instanceof RedisMisconfigured
      ? said
      : (refusalOf(cause, said, fromSentinel, target) ??
        misfitOf(cause, said, fromSentinel, target));
  if (permanent !== undefined) return { line: permanent, isPermanent: true };
  return { line: fromSentinel ? `no Sentinel can be asked: ${said}` : said, isPermanent: false };
}

/** What the client library has wrapped: its own message varies, or says less. */
function causeOf(error: Error): { readonly cause: Error; readonly fromSentinel: boolean } {
  const inner = 'lastNodeError' in error && error.lastNodeError;
  const cause = inner instanceof Error ? inner : error;
  const wrapped = /^All sentinels are unreachable.*?(?:Last error: (.*))?$/s.exec(cause.message);
  if (!wrapped) return { cause, fromSentinel: false };
  return { cause: new Error(wrapped[1] ?? 'none answers'), fromSentinel: true };
}

/** Redis repeats the arguments of a command that it does not know, and AUTH may be one. */
function messageOf({ message }: Error): string {
  return message.split(/,? with args /)[0] ?? '';
}

function refusalOf(cause: Error, said: string, fromSentinel: boolean, target: RedisTarget) {
  const code = /^(WRONGPASS|NOAUTH|NOPERM)\b/.exec(said)?.[1];
  const isSelect = cause instanceof GreetingRefused && cause.command === 'SELECT';
  if (isSelect && 'db' in target) {
    return code === 'NOPERM'
      ? `the Redis user may not SELECT database ${target.db}, which SIGNUM_REDIS_URL names: allow it +select (NOPERM)`
      : `Redis has no database ${target.db}, which SIGNUM_REDIS_URL names: ${said}`;
  }
  if (/without any password configured|no password is set/i.test(said))
    return fromSentinel
      ? 'SIGNUM_REDIS_URL has a sentinel_password and Sentinel wants none'
      : 'SIGNUM_REDIS_URL has a password and Redis wants none of its default user: set one there, or leave it out';
  if (code === undefined) return undefined;
  if (code === 'NOPERM') return `the Redis user may not do what a server does: ${said}`;
  const refused = fromSentinel ? refusedBySentinel(target) : refusedByRedis(target);
  return `${refused} (${code})`;
}

function refusedByRedis({ username, password }: RedisTarget): string {
  // With a file of the password, the URL has a user at most.
  if (password === undefined && username === undefined) {
    return 'Redis wants a password, and SIGNUM_REDIS_URL has none, or SIGNUM_REDIS_PASSWORD_FILE a wrong one; one without a user is written :password@host';
  }
  const where = password === undefined ? 'SIGNUM_REDIS_PASSWORD_FILE' : 'SIGNUM_REDIS_URL';
  const whose =
    username === undefined
      ? 'for the default user of Redis'
      : `for user ${username}, or Redis has no such user`;
  return `${where} has the wrong password ${whose}`;
}

function refusedBySentinel(target: RedisTarget): string {
  const has = target.kind === 'sentinel' && target.sentinelPassword !== undefined;
  return has
    ? 'SIGNUM_REDIS_URL has the wrong sentinel_password, or Sentinel has no such sentinel_username'
    : 'Sentinel wants a password and SIGNUM_REDIS_URL has no sentinel_password';
}

interface Seen {
  readonly cause: Error;
  /** The error's code and message. */
  readonly text: string;
  readonly fromSentinel: boolean;
  readonly target: RedisTarget;
}

/** What answers is something else than what the URL says; the first that fits decides. */
const MISFITS: readonly (readonly [fits: (seen: Seen) => boolean, line: string])[] = [
  [
    ({ cause, target }) => cause instanceof NotRedis && !target.tls,
    'what answers does not speak the protocol of Redis without TLS: does SIGNUM_REDIS_URL have to begin with rediss?',
  ],
  [
    ({ text, target }) => target.tls && /wrong.version.number|packet.length.too.long/i.test(text),
    'Redis does not speak TLS at this port, and SIGNUM_REDIS_URL begins with rediss',
  ],
  [
    ({ text }) => /certificate.required/i.test(text),
    'Redis wants a certificate of its clients: set SIGNUM_REDIS_CERT_FILE and SIGNUM_REDIS_KEY_FILE',
  ],
  [
    ({ text }) => /alert.(unknown.ca|bad.certificate)/i.test(text),
    'Redis does not accept the certificate in SIGNUM_REDIS_CERT_FILE',
  ],
  [
    ({ text }) => /ERR_TLS_CERT_ALTNAME_INVALID/.test(text),
    'the certificate of Redis is for another name than SIGNUM_REDIS_URL has',
  ],
  [
    ({ text }) =>
      /^(DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_(UNTRUSTED|SIGNATURE))/.test(
        text,
      ),
    'the certificate of Redis is not trusted: SIGNUM_REDIS_CA_FILE must hold its authority',
  ],
  [
    ({ text }) => /^CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(text),
    'the certificate of Redis is not valid now: give Redis a new one',
  ],
  [
    ({ text }) => /^ERR_OSSL_|key values mismatch/i.test(text),
    'SIGNUM_REDIS_CERT_FILE, SIGNUM_REDIS_KEY_FILE and SIGNUM_REDIS_CA_FILE cannot be used together, or not at all',
  ],
  [
    ({ text, target }) => target.kind === 'cluster' && /cluster support disabled/.test(text),
    'Redis is no Cluster: SIGNUM_REDIS_URL must begin with redis:// or rediss://',
  ],
  [
    ({ text, fromSentinel }) => fromSentinel && /unknown command/i.test(text),
    'what answers is no Sentinel: SIGNUM_REDIS_URL must name the ports of Sentinels, or begin with redis:// or rediss://',
  ],
  [
    ({ text, fromSentinel }) => fromSentinel && /knows no primary|No such master/.test(text),
    'no Sentinel knows a primary of the name that SIGNUM_REDIS_URL has',
  ],
];

function misfitOf(cause: Error, said: string, fromSentinel: boolean, target: RedisTarget) {
  const code = 'code' in cause ? `${cause.code} ` : '';
  const seen = { cause, text: `${code}${said}`, fromSentinel, target };
  return MISFITS.find(([fits]) => fits(seen))?.[1];
}
