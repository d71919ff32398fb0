import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import { type Command, Option } from 'commander';
import { SignumError } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import { instant } from './instants.ts';
import { printValue } from './output.ts';

type Only = 'access-token' | 'refresh-token' | 'shell';

export interface PairOutput {
  readonly output?: Only;
  readonly quiet?: boolean;
}

/** A compact JWS (RFC 7515 section 3.1): nothing that a shell could expand or run. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The options by which a script captures one of the tokens. */
export function addPairOutput(command: Command): Command {
  const values: Only[] = ['access-token', 'refresh-token', 'shell'];
  return command
    .addOption(
      new Option(
        '--output <what>',
        'print one token only, or both as ACCESS_TOKEN=… REFRESH_TOKEN=… for eval',
      ).choices(values),
    )
    .option('--quiet', 'the same as --output access-token');
}

/** Prints what `--output` or `--quiet` asks for; false if neither was given. */
export function printPair(cli: Cli, options: PairOutput, pair: TokenPair | undefined): boolean {
  const only = options.output ?? (options.quiet ? 'access-token' : undefined);
  if (only === undefined) return false;
  const access = checked(pair?.accessToken);
  const refresh = checked(pair?.refreshToken);
  if (only === 'access-token') printValue(cli, access);
  if (only === 'refresh-token') printValue(cli, refresh);
  if (only === 'shell') printValue(cli, `ACCESS_TOKEN=${access}\nREFRESH_TOKEN=${refresh}`);
  return true;
}

/** The pair's part of a readable answer. */
export function pairFields(pair: TokenPair | undefined, now: Date) {
  return [
    ['Access token', pair?.accessToken],
    ['Refresh token', pair?.refreshToken],
    ['Token id', pair?.tokenId],
    ['Session id', pair?.sessionId],
    ['Access expires', instant(pair?.accessExpireTime, now)],
    ['Refresh expires', instant(pair?.refreshExpireTime, now)],
  ] as const;
}

/** What a server sends is put into `eval` by its caller: let nothing through but a token. */
function checked(token: string | undefined): string {
  if (token !== undefined && COMPACT_JWS.test(token)) return token;
  throw new SignumError('INTERNAL', 'the server answered with something that is not a token');
}
