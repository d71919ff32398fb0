/** What a URL leads to. */
export type RedisKind = 'standalone' | 'socket' | 'sentinel' | 'cluster';

const KNOWN: Readonly<Record<RedisKind, readonly string[]>> = {
  standalone: [],
  socket: ['db'],
  sentinel: ['sentinel_username', 'sentinel_password'],
  cluster: [],
};

/** What other clients write as a parameter, and how it is written here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  db: 'the database is the path: /N',
  database: 'the database is the path: /N',
  password: 'the password stands before the host: :password@host',
  pass: 'the password stands before the host: :password@host',
  auth: 'the password stands before the host: :password@host',
  user: 'the user stands before the host: user:password@host',
  username: 'the user stands before the host: user:password@host',
  tls: 'TLS is told by the scheme: rediss://',
  ssl: 'TLS is told by the scheme: rediss://',
  protocol: 'the scheme tells what Redis it is',
  timeout: 'see SIGNUM_REDIS_CONNECT_TIMEOUT and SIGNUM_REDIS_COMMAND_TIMEOUT',
};

/**
 * Reads the parameters of a Redis URL. One that is not understood is refused, by a name that is known
 * at least elsewhere: any other may be a piece of a password.
 */
export function readParameters(
  query: string | undefined,
  kind: RedisKind,
  fault: (rule: string) => Error,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const pair of query === undefined ? [] : query.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!KNOWN[kind].includes(name)) throw fault(refusal(name, kind));
    if (name in values) throw fault(`has the parameter ${name} twice`);
    if (equals < 0 || equals === pair.length - 1) throw fault(`has an empty ${name}`);
    values[name] = decode(pair.slice(equals + 1), name, fault);
  }
  return values;
}

function refusal(name: string, kind: RedisKind): string {
  const known = KNOWN[kind].join(', ');
  const allowed = known === '' ? 'none is understood' : `understood: ${known}`;
  const hint = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
  return hint === undefined
    ? `has a parameter that is not understood (${allowed}); a "?" in a user or password is written %3F`
    : `has a parameter ${name} that is not understood: ${hint}`;
}

/** Not as in forms: a plus is a plus. */
function decode(text: string, name: string, fault: (rule: string) => Error): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault(`has a ${name} with a "%" that is not followed by two hexadecimal digits of UTF-8`);
  }
}
