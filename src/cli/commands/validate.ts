import { toJson } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import {
  type ValidateResponse,
  ValidateResponseSchema,
  ValidationSourceSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Command } from 'commander';
import { invalidField } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import { EXIT } from '../failure/exit.ts';
import { addDpopOption, type DpopOption, openProver } from '../input/dpop-option.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { collect, duration, unsigned } from '../input/option-values.ts';
import { hasIds, type TokenIdOptions, tokenRef } from '../input/token-ids.ts';
import { readToken, TOKEN_ARGUMENT } from '../input/token-input.ts';
import { claimsText } from '../output/claims-text.ts';
import { enumName } from '../output/enum-name.ts';
import { instant } from '../output/instants.ts';
import { print, type Styles } from '../output/output.ts';
import { fields } from '../output/table.ts';
import { verdictText } from '../output/verdict-text.ts';

interface ValidateOptions extends GlobalOptions, TokenIdOptions, DpopOption {
  readonly scope?: string[];
  readonly audience?: string;
  readonly acr?: string[];
  readonly maxAge?: Duration;
  readonly minRevision?: bigint;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  echo "$ACCESS_TOKEN" | signum validate -
  SIGNUM_TOKEN=$ACCESS_TOKEN signum validate --scope read --audience api
  signum validate --tenant acme --user ada --device phone --token-id "$TOKEN_ID"
  echo "$ACCESS_TOKEN" | signum validate - --dpop key.jwk
  echo "$ACCESS_TOKEN" | signum validate - --quiet && echo "still logged in"
`;

/** `signum validate`: whether a token is good right now; exits 0 if it is and 1 if it is not. */
export function validateCommand(program: Command, cli: Cli): void {
  const command = program
    .command('validate')
    .description('Say whether an access token is good right now: exit 0 if so, 1 if not.')
    .argument('[token]', TOKEN_ARGUMENT)
    .option('--tenant <id>', 'name the token by its ids instead: its tenant,')
    .option('--user <id>', 'its user,')
    .option('--device <id>', 'its device')
    .option('--token-id <uuid>', 'and its id (jti)')
    .option('--scope <scope>', 'scope that it must have; repeatable', collect)
    .option('--audience <audience>', 'audience that it must name')
    .option(
      '--acr <class>',
      'authentication context class, one of which it must have; repeatable',
      collect,
    )
    .option(
      '--max-age <duration>',
      'how long ago its user may have authenticated, such as 5m',
      duration,
    )
    .option('--min-revision <n>', 'answer from a state at least this new', unsigned)
    .option('--quiet', 'print nothing: the exit code is the answer')
    .addHelpText('after', EXAMPLES);
  addDpopOption(command).action(async (argument: string | undefined) =>
    validate(cli, argument, command.optsWithGlobals<ValidateOptions>()),
  );
}

async function validate(
  cli: Cli,
  argument: string | undefined,
  options: ValidateOptions,
): Promise<void> {
  const subject = await subjectOf(cli, argument, options);
  const token = subject.case === 'token' ? subject.value : '';
  const prover = await openProver(options, { rpc: 'Validate', token });
  const response = await withClient(cli, options, async ({ tokens }, { address }) => {
    const prove = prover?.(address);
    const ask = async (nonce?: string) =>
      tokens.validate({
        subject,
        requiredScopes: options.scope ?? [],
        audience: options.audience ?? '',
        acrValues: options.acr ?? [],
        ...(options.maxAge && { maxAge: options.maxAge }),
        minRevision: options.minRevision ?? 0n,
        ...(prove && { proof: await prove(nonce) }),
      });
    const answer = await ask();
    return prove && answer.dpopNonce !== '' ? ask(answer.dpopNonce) : answer;
  });
  cli.exitCode = response.active ? EXIT.ok : EXIT.negative;
  if (options.quiet) return;
  print(cli, options, {
    json: () => toJson(ValidateResponseSchema, response, { alwaysEmitImplicit: true }),
    text: (styles) => describe(response, cli.now(), styles),
  });
}

async function subjectOf(cli: Cli, argument: string | undefined, options: ValidateOptions) {
  if (hasIds(options)) {
    if (argument !== undefined) throw invalidField('TOKEN', 'must not come together with ids');
    if (options.dpop !== undefined) throw invalidField('--dpop', 'must come with a token');
    return { case: 'ids', value: tokenRef(options) } as const;
  }
  const token = await readToken(cli, argument);
  if (token === undefined)
    throw invalidField('TOKEN', 'is needed: on stdin (-), in SIGNUM_TOKEN, or by its ids');
  return { case: 'token', value: token } as const;
}

/** The verdict first, then what is known of the token. */
export function describe(
  response: ValidateResponse,
  now: Date,
  { good, bad, dim }: Styles,
): string[] {
  const { token } = response;
  const source = `decided by the ${enumName(ValidationSourceSchema, response.source).toLowerCase()}`;
  const details: [string, string | undefined][] = [
    ['Tenant', token?.tenantId],
    ['User', token?.userId],
    ['Device', token?.deviceId],
    ['Token id', token?.tokenId],
    ['Session id', response.sessionId || undefined],
    ['Scopes', response.scopes.join(' ') || undefined],
    ['Audiences', response.audiences.join(' ') || undefined],
    ['Client', response.clientId || undefined],
    ['Authenticated', response.authTime && instant(response.authTime, now)],
    ['Authentication class', response.acr || undefined],
    ['Authentication methods', response.amr.join(' ') || undefined],
    ['Claims', claimsText(response.claims)],
    ['Issued', response.issueTime && instant(response.issueTime, now)],
    ['Expires', response.expireTime && instant(response.expireTime, now)],
    ['Revision', response.revision === 0n ? undefined : String(response.revision)],
  ];
  const style = response.active ? good : bad;
  return [`${style(verdictText(response))}, ${source}`, ...fields(details, dim)];
}
