import type { Readable } from 'node:stream';
import { readTextFile as readText } from '../../config/read-text-file.ts';
import { invalidField } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';

/** Enough for any token or key; more is a mistake, such as a redirected log. */
const MAX_INPUT_BYTES = 65_536;
/** A file of the authorities of every vendor has 300 KiB. */
const MAX_FILE_BYTES = 1_048_576;

const TOKEN_ENV = 'SIGNUM_TOKEN';

export const TOKEN_ARGUMENT =
  'the token; - reads it from stdin; without it, SIGNUM_TOKEN is used. ' +
  'Prefer those two: arguments show in process lists and shell histories';

/** The token from the argument, stdin (`-`) or SIGNUM_TOKEN; undefined if there is none. */
export async function readToken(
  cli: Pick<Cli, 'env' | 'stdin'>,
  argument: string | undefined,
): Promise<string | undefined> {
  const token = argument === '-' ? await readAll(cli.stdin) : (argument ?? cli.env[TOKEN_ENV]);
  const trimmed = token?.trim();
  if (argument === '-' && !trimmed) throw invalidField('TOKEN', 'stdin was empty');
  return trimmed || undefined;
}

/** An environment for the configuration, to which a token to act on is no setting. */
export function withoutToken(env: Cli['env']): Cli['env'] {
  const { [TOKEN_ENV]: _, ...rest } = env;
  return rest;
}

/**
 * A secret kept in a file, or on stdin (`-`), without white space around it. It is sent as it is, so
 * that what is no key or token must be refused here: errors from further down would quote it.
 */
export async function readSecret(
  cli: Pick<Cli, 'stdin'>,
  path: string,
  option: string,
): Promise<string> {
  const secret = path === '-' ? await readAll(cli.stdin) : readTextFile(path, option);
  if (secret.trim() === '') throw invalidField(option, 'the file must not be empty');
  if (!/^[\x21-\x7e]+$/.test(secret.trim())) {
    throw invalidField(option, 'must hold one line without spaces, and nothing else');
  }
  return secret.trim();
}

/** A file that an option names. */
export function readTextFile(path: string, option: string): string {
  const read = readText(path, MAX_FILE_BYTES);
  if ('fault' in read) throw invalidField(option, read.fault);
  return read.text;
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MAX_INPUT_BYTES)
      throw invalidField('stdin', `must be at most ${MAX_INPUT_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
