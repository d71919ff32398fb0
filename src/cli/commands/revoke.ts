import { type JsonValue, toJson } from '@bufbuild/protobuf';
import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import {
  RevokeResponseSchema,
  RevokeTenantResponseSchema,
  RevokeUserResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { type Command, Option } from 'commander';
import { invalidField } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import type { Client } from '../connect/client.ts';
import { withClient } from '../connect/with-client.ts';
import {
  addDpopOption,
  callWithProof,
  type DpopOption,
  openProver,
  type Prove,
} from '../input/dpop-option.ts';
import {
  addDurabilityOptions,
  type DurabilityOptions,
  durabilityOf,
  durabilityReached,
} from '../input/durability-options.ts';
import { addFenceOption, type FenceOption, fenceOf, fenceReached } from '../input/fence-option.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { readToken, TOKEN_ARGUMENT } from '../input/token-input.ts';
import { print } from '../output/output.ts';
import { fields } from '../output/table.ts';
import {
  namesTarget,
  type RevokeTarget,
  type RevokeTargetOptions,
  revokeTarget,
} from './revoke-target.ts';

interface RevokeOptions
  extends GlobalOptions,
    RevokeTargetOptions,
    DurabilityOptions,
    FenceOption,
    DpopOption {
  readonly reason?: 'logout' | 'admin';
}

interface Outcome {
  readonly json: JsonValue;
  readonly lines: readonly (readonly [string, string | number | bigint])[];
}

const EXAMPLES = `
Examples:
  echo "$ACCESS_TOKEN" | signum revoke -                        log out; an expired token will do
  echo "$ACCESS_TOKEN" | signum revoke - --dpop key.jwk         a token that is bound to a key
  signum revoke --tenant acme --user ada --device phone         whatever is on the device
  signum revoke --tenant acme --user ada --all                  every device of the user
  signum revoke --tenant acme --user ada --all-but laptop       every other device
  signum revoke --tenant acme --user ada --device phone --session "$SESSION_ID"
  signum revoke --tenant acme --whole-tenant --replicas 1       every session of the tenant
  signum revoke --tenant acme --user ada --all --fence          and wait until no edge accepts them

Revoking what is already gone is no error: it says 0 sessions.
`;

/** `signum revoke`: ends one session, a user's sessions, or a tenant's. */
export function revokeCommand(program: Command, cli: Cli): void {
  const command = program
    .command('revoke')
    .description('End sessions: their tokens are refused from now on.')
    .argument('[token]', `an access or refresh token of the session: ${TOKEN_ARGUMENT}`)
    .option('--tenant <id>', 'tenant')
    .option('--user <id>', 'user')
    .option('--device <id>', 'end the session on this device')
    .option('--session <uuid>', 'with --device: only if it is this session')
    .option('--token-id <uuid>', 'with --device: only if this is its current access token')
    .option('--all', "end all the user's sessions")
    .option('--all-but <device>', "end all the user's sessions but the one on this device")
    .option('--whole-tenant', "end all the tenant's sessions")
    .addOption(
      new Option('--reason <reason>', 'for the record; logout for a token, admin for ids').choices([
        'logout',
        'admin',
      ]),
    )
    .addHelpText('after', EXAMPLES);
  addDpopOption(addFenceOption(addDurabilityOptions(command))).action(
    async (argument: string | undefined) => {
      const options = command.optsWithGlobals<RevokeOptions>();
      const target = await targetOf(cli, argument, options);
      const byToken = target.kind === 'session' && target.subject.case === 'token';
      const token = byToken ? target.subject.value : '';
      const prover = await openProver(options, { rpc: 'Revoke', token });
      const outcome = await withClient(cli, options, (client, { address }) =>
        send(client, target, { ...options, prove: prover?.(address) }),
      );
      print(cli, options, {
        json: () => outcome.json,
        text: ({ dim }) => fields(outcome.lines, dim),
      });
    },
  );
}

async function targetOf(
  cli: Cli,
  argument: string | undefined,
  options: RevokeOptions,
): Promise<RevokeTarget> {
  if (namesTarget(options)) {
    if (argument !== undefined) throw invalidField('TOKEN', 'must not come together with ids');
    if (options.dpop !== undefined) throw invalidField('--dpop', 'must come with a token');
    return revokeTarget(options);
  }
  const token = await readToken(cli, argument);
  if (token === undefined)
    throw invalidField('TOKEN', 'is needed: on stdin (-), in SIGNUM_TOKEN, or by ids');
  return { kind: 'session', subject: { case: 'token', value: token } };
}

async function send(
  { tokens }: Client,
  target: RevokeTarget,
  options: RevokeOptions & { readonly prove: Prove | undefined },
): Promise<Outcome> {
  const waited = { ...durabilityOf(options), ...fenceOf(options) };
  const all = { alwaysEmitImplicit: true };
  if (target.kind === 'tenant') {
    const answer = await tokens.revokeTenant({ tenantId: target.tenantId, ...waited });
    return {
      json: toJson(RevokeTenantResponseSchema, answer, all),
      lines: [
        ['Revoked', `every session of ${target.tenantId} that began before now`],
        ['Partitions', answer.partitions],
        ['Durability', durabilityReached(answer.durability)],
        ...fenceReached(answer.fence),
      ],
    };
  }
  const reason = reasonOf(target, options);
  if (target.kind === 'user') {
    const { kind: _, ...user } = target;
    const answer = await tokens.revokeUser({ ...user, reason, ...waited });
    return { json: toJson(RevokeUserResponseSchema, answer, all), lines: revoked(answer) };
  }
  const { subject } = target;
  const answer = await callWithProof(options.prove, (shown) =>
    tokens.revoke({ subject, reason, ...waited }, shown),
  );
  return { json: toJson(RevokeResponseSchema, answer, all), lines: revoked(answer) };
}

function revoked(answer: {
  readonly revokedCount: number;
  readonly revision: bigint;
  readonly durability?: Parameters<typeof durabilityReached>[0];
  readonly fence?: Parameters<typeof fenceReached>[0];
}): Outcome['lines'] {
  const count = answer.revokedCount;
  return [
    ['Revoked', `${count} ${count === 1 ? 'session' : 'sessions'}`],
    ['Revision', answer.revision],
    ['Durability', durabilityReached(answer.durability)],
    ...fenceReached(answer.fence),
  ];
}

/** A user logs out with a token; whoever names ids acts for someone else. */
function reasonOf(target: RevokeTarget, { reason }: RevokeOptions): RevocationReason {
  const byToken = target.kind === 'session' && target.subject.case === 'token';
  const logout = reason === undefined ? byToken : reason === 'logout';
  return logout ? RevocationReason.LOGOUT : RevocationReason.ADMIN;
}
