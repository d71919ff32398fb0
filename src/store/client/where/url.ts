import { isIPv6 } from 'node:net';
import { invalidField, type SignumError } from '../../../domain/errors.ts';
import { type RedisKind, readParameters } from './url-parameters.ts';

interface Node {
  readonly host: string;
  readonly port: number;
}

/** A Redis URL taken apart. */
export type RedisTarget = {
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
} & (
  | { readonly kind: 'standalone'; readonly nodes: readonly [Node]; readonly db: number }
  | { readonly kind: 'socket'; readonly path: string; readonly db: number }
  | {
      readonly kind: 'sentinel';
      readonly nodes: readonly Node[];
      readonly masterName: string;
      readonly db: number;
      readonly sentinelUsername?: string;
      readonly sentinelPassword?: string;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly Node[] }
);

/** The forms that are understood; `valkey` and `valkeys` stand for `redis` and `rediss`. */
export const REDIS_URL_FORMS = [
  'redis[s]://[[user]:password@]host[:port][/db]',
  'redis+unix://[[user]:password@]/path/to/socket[?db=N]',
  'redis[s]+sentinel://[[user]:password@]host[:port],…/master-name[/db][?sentinel_username=…&sentinel_password=…]',
  'redis[s]+cluster://[[user]:password@]host[:port],…',
].join(', ');

const SCHEMES: Readonly<Record<string, { readonly kind: RedisKind; readonly tls: boolean }>> = {
  '': { kind: 'standalone', tls: false },
  s: { kind: 'standalone', tls: true },
  '+unix': { kind: 'socket', tls: false },
  '+sentinel': { kind: 'sentinel', tls: false },
  's+sentinel': { kind: 'sentinel', tls: true },
  '+cluster': { kind: 'cluster', tls: false },
  's+cluster': { kind: 'cluster', tls: true },
};

const FORM = /^(?:redis|valkey)([a-z+]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/;
const HOST = /^(?:\[([^\]]*)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?))(?::([1-9]\d{0,4}))?$/;
const DATABASE = /^(?:0|[1-9]\d{0,8})$/;
const MASTER_NAME = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Reads a Redis URL, every part of it. The error names the part and never repeats it: whatever stands
 * in a URL may be a password, or a piece of one that holds a `/`, `?`, `#` or `@`.
 */
export function parseRedisUrl(url: string): RedisTarget {
  const { kind, tls, authority, path, query } = partsOf(url);
  const at = authority.indexOf('@');
  const credentials = at < 0 ? {} : readCredentials(authority.slice(0, at));
  const hosts = authority.slice(at + 1);
  const common = { tls, ...credentials };
  const parameters = readParameters(query, kind, fault);
  switch (kind) {
    case 'standalone':
      return { ...common, kind, nodes: [oneNode(hosts)], db: databaseIn(path) };
    case 'socket': {
      if (hosts !== '') throw fault('must have a path, /path/to/socket, and no host');
      if (path.length < 2) throw fault('must have the path of a socket');
      return { ...common, kind, path: decode(path), db: database(parameters['db'] ?? '0', 'db') };
    }
    case 'sentinel':
      return { ...common, ...primaryIn(path, parameters), nodes: nodesOf(hosts, 26_379) };
    case 'cluster':
      if (path !== '' && path !== '/' && path !== '/0')
        throw fault('must not have a database: a Cluster has database 0 only');
      return { ...common, kind, nodes: nodesOf(hosts, 6379) };
  }
}

function partsOf(url: string) {
  if (/[\s\p{Cc}]/u.test(url)) throw fault('holds a space or a control character');
  const [, suffix = '?', authority = '', path = '', query, fragment] = FORM.exec(url) ?? [];
  const scheme = SCHEMES[suffix];
  if (!scheme) throw fault(`must be one of ${REDIS_URL_FORMS}`);
  if (fragment !== undefined) throw fault(`holds a "#"${ENCODE}`);
  if (path.includes('@')) throw fault(`holds a "@" behind a "/"${ENCODE}`);
  if (authority.split('@').length > 2) throw fault(`holds more than one "@"${ENCODE}`);
  return { ...scheme, authority, path, query };
}

/** What to do about a character that means something else where it stands. */
const ENCODE =
  ': in a user or password such characters are percent-encoded, @ as %40, / as %2F, ? as %3F, # as %23';

function fault(rule: string): SignumError {
  return invalidField('SIGNUM_REDIS_URL', rule);
}

function readCredentials(text: string): { username?: string; password?: string } {
  const colon = text.indexOf(':');
  // What stands where the user does may be the password of someone who forgot the colon.
  if (colon < 0) return { username: decode(nonEmpty(text)) };
  const username = text.slice(0, colon);
  const password = decode(nonEmpty(text.slice(colon + 1)));
  return username === '' ? { password } : { username: decode(username), password };
}

function nonEmpty(text: string): string {
  if (text === '') throw fault('has an empty user or password before the "@"');
  return text;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault('holds a "%" that is not followed by two hexadecimal digits of UTF-8');
  }
}

function nodesOf(hosts: string, defaultPort: number): Node[] {
  return hosts.split(',').map((host) => {
    const [, address, name, port] = HOST.exec(host) ?? [];
    const isSound = address === undefined ? name !== undefined : isIPv6(address);
    if (!isSound || Number(port ?? defaultPort) > 65_535)
      throw fault('must name a host, with a port of 1 to 65535 if any, after the "@"');
    return { host: address ?? name ?? '', port: Number(port ?? defaultPort) };
  });
}

function oneNode(hosts: string): Node {
  const [node, ...others] = nodesOf(hosts, 6379);
  if (!node || others.length > 0)
    throw fault('must name one host: several are for redis+sentinel:// and redis+cluster://');
  return node;
}

function databaseIn(path: string): number {
  return path === '' || path === '/' ? 0 : database(path.slice(1), 'path');
}

function database(text: string, where: string): number {
  if (!DATABASE.test(text)) throw fault(`must have the number of a database as its ${where}`);
  return Number(text);
}

function primaryIn(path: string, parameters: Readonly<Record<string, string>>) {
  const [name = '', db = '0', ...rest] = path.slice(1).split('/');
  const masterName = decode(name);
  if (!MASTER_NAME.test(masterName))
    throw fault('must have the name of the primary behind the hosts, as in SENTINEL MASTERS');
  if (rest.length > 0) throw fault('must end with the name of the primary, or /name/db');
  const { sentinel_username: sentinelUsername, sentinel_password: sentinelPassword } = parameters;
  if (sentinelUsername !== undefined && sentinelPassword === undefined)
    throw fault('has a sentinel_username and no sentinel_password');
  return {
    kind: 'sentinel' as const,
    masterName,
    db: database(db, 'path behind the name'),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
  };
}
