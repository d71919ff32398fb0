import { type JsonObject, toJson } from '@bufbuild/protobuf';
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import { IssueResponseSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import { type Command, Option } from 'commander';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import { openOrMakeDpopKey } from '../input/dpop-key.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import {
  collect,
  collectClaims,
  collectPairs,
  duration,
  pastInstant,
} from '../input/option-values.ts';
import { POLICY_NAMES, type PolicyName, policyNamed } from '../input/policies.ts';
import { readSecret } from '../input/token-input.ts';
import { print } from '../output/output.ts';
import { addPairOutput, type PairOutput, pairFields, printPair } from '../output/pair-output.ts';
import { fields } from '../output/table.ts';

interface IssueOptions extends GlobalOptions, PairOutput {
  readonly tenant: string;
  readonly user: string;
  readonly device: string;
  readonly scope?: string[];
  readonly audience?: string[];
  readonly claim?: JsonObject;
  readonly clientId?: string;
  readonly dpop?: string;
  readonly authTime?: Timestamp;
  readonly acr?: string;
  readonly amr?: string[];
  readonly label?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly attribute?: Record<string, string>;
  readonly accessLifetime?: Duration;
  readonly refreshLifetime?: Duration;
  readonly sessionLifetime?: Duration;
  readonly policy?: PolicyName;
  readonly proofFile?: string;
  readonly requestId?: string;
}

const EXAMPLES = `
Examples:
  signum issue --tenant acme --user ada --device phone
  signum issue --tenant acme --user ada --device phone --scope read --scope write --claim plan=pro
  ACCESS=$(signum issue --tenant acme --user ada --device phone --output access-token)
  eval "$(signum issue --tenant acme --user ada --device phone --output shell)"
`;

/** `signum issue`: a new session for a user who has just been authenticated. */
export function issueCommand(program: Command, cli: Cli): void {
  const command = program
    .command('issue')
    .description('Issue an access and a refresh token; whatever the device held is superseded.')
    .requiredOption('--tenant <id>', 'tenant')
    .requiredOption('--user <id>', 'user')
    .requiredOption('--device <id>', 'device')
    .option('--scope <scope>', 'scope of the access token; repeatable', collect)
    .option('--audience <audience>', 'audience of the access token; repeatable', collect)
    .option('--claim <name=value>', 'custom claim, JSON or text; repeatable', collectClaims)
    .option('--client-id <id>', "OAuth client of the access token; the caller's name without")
    .option(
      '--auth-time <instant>',
      'when the user has authenticated: now, or as 2026-01-31T12:00Z',
      pastInstant,
    )
    .option('--acr <class>', 'authentication context class that the user has met')
    .option('--amr <method>', 'how the user has authenticated, such as otp; repeatable', collect)
    .option(
      '--dpop <file>',
      'bind the tokens to the key in this file, a private JWK; made if there is none',
    )
    .option('--label <text>', "name that a person knows the device by, such as Ada's phone")
    .option('--ip <address>', "the client's IP address")
    .option('--user-agent <text>', "the client's user agent")
    .option('--attribute <key=value>', 'free attribute of the session; repeatable', collectPairs)
    .option('--access-lifetime <duration>', 'shorten the access lifetime, such as 5m', duration)
    .option('--refresh-lifetime <duration>', 'shorten the refresh lifetime', duration)
    .option('--session-lifetime <duration>', 'shorten the whole session', duration)
    .addOption(new Option('--policy <policy>', 'if the device has a session').choices(POLICY_NAMES))
    .option('--proof-file <file>', 'current refresh token, for require-proof; - for stdin')
    .option('--request-id <uuid>', 'makes it safe to run the same command again within 60 s')
    .addHelpText('after', EXAMPLES);
  addPairOutput(command).action(async () => issue(cli, command.optsWithGlobals<IssueOptions>()));
}

async function issue(cli: Cli, options: IssueOptions): Promise<void> {
  const proof = options.proofFile && (await readSecret(cli, options.proofFile, '--proof-file'));
  const key = options.dpop === undefined ? undefined : await openOrMakeDpopKey(options.dpop);
  const response = await withClient(cli, options, ({ tokens }) =>
    tokens.issue({
      device: { tenantId: options.tenant, userId: options.user, deviceId: options.device },
      scopes: options.scope ?? [],
      audiences: options.audience ?? [],
      policy: policyNamed(options.policy),
      requestId: options.requestId ?? '',
      proof: proof ?? '',
      clientId: options.clientId ?? '',
      acr: options.acr ?? '',
      amr: options.amr ?? [],
      ...(key && { confirmation: { method: { case: 'jkt', value: key.thumbprint } } }),
      ...(options.authTime && { authTime: options.authTime }),
      metadata: metadata(options),
      ...(options.claim && { claims: options.claim }),
      ...(options.accessLifetime && { accessLifetime: options.accessLifetime }),
      ...(options.refreshLifetime && { refreshLifetime: options.refreshLifetime }),
      ...(options.sessionLifetime && { sessionLifetime: options.sessionLifetime }),
    }),
  );
  if (printPair(cli, options, response.tokens)) return;
  print(cli, options, {
    json: () => toJson(IssueResponseSchema, response, { alwaysEmitImplicit: true }),
    text: ({ dim }) =>
      fields(
        [
          ...pairFields(response.tokens, cli.now()),
          ['Bound to key', key?.thumbprint],
          ['Superseded', response.supersededSessionId || 'nothing'],
          ['Revision', response.revision],
        ],
        dim,
      ),
  });
}

function metadata(options: IssueOptions) {
  return {
    label: options.label ?? '',
    ip: options.ip ?? '',
    userAgent: options.userAgent ?? '',
    attributes: options.attribute ?? {},
  };
}
