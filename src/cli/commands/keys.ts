import { toJson } from '@bufbuild/protobuf';
import {
  type Key,
  KeySchema,
  KeyState,
  KeyStateSchema,
  RevokeKeyResponseSchema,
} from '@signum/contract/signum/v1/key_service_pb.js';
import { type Command, Option } from 'commander';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import {
  addDurabilityOptions,
  type DurabilityOptions,
  durabilityOf,
  durabilityReached,
} from '../input/durability-options.ts';
import { addFenceOption, type FenceOption, fenceOf, fenceReached } from '../input/fence-option.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { enumName } from '../output/enum-name.ts';
import { instant } from '../output/instants.ts';
import { print, printValue, type Styles } from '../output/output.ts';
import { fields, type Style, table } from '../output/table.ts';

const ALGORITHMS = ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256', 'HS384', 'HS512'];

const EXAMPLES = `
Examples:
  signum keys list
  signum keys rotate                     a new key: published now, signing later
  signum keys rotate --algorithm EdDSA
  signum keys revoke KEY_ID              the key was stolen: refuse all that it signed, at once
  signum keys jwks > jwks.json
`;

/** `signum keys`: the keys that sign access tokens. */
export function keysCommand(program: Command, cli: Cli): void {
  const keys = program
    .command('keys')
    .description('List, rotate and revoke the keys that sign access tokens.')
    .addHelpText('after', EXAMPLES);
  keys
    .command('list')
    .description('List the keys of the ring.')
    .action(async (_: unknown, command: Command) => list(cli, command.optsWithGlobals()));
  keys
    .command('rotate')
    .description('Add a new signing key; verifiers learn it before it signs.')
    .addOption(new Option('--algorithm <alg>', 'instead of the configured one').choices(ALGORITHMS))
    .action(async (_: unknown, command: Command) => rotate(cli, command.optsWithGlobals()));
  const revoking = keys
    .command('revoke')
    .description('Revoke a key: every token that it signed is refused at once.')
    .argument('<key-id>', 'id of the key (kid)');
  addFenceOption(addDurabilityOptions(revoking)).action(
    async (keyId: string, _: unknown, command: Command) =>
      revoke(cli, keyId, command.optsWithGlobals()),
  );
  keys
    .command('jwks')
    .description('Print the public keys as a JSON Web Key Set.')
    .action(async (_: unknown, command: Command) => jwks(cli, command.optsWithGlobals()));
}

async function list(cli: Cli, options: GlobalOptions): Promise<void> {
  const { keys } = await withClient(cli, options, (client) => client.keys.listKeys({}));
  print(cli, options, {
    json: () => ({ keys: keys.map(keyJson) }),
    text: (styles) => keyTable(keys, cli.now(), styles),
  });
}

async function rotate(
  cli: Cli,
  options: GlobalOptions & { readonly algorithm?: string },
): Promise<void> {
  const { key } = await withClient(cli, options, (client) =>
    client.keys.rotateKey({ algorithm: options.algorithm ?? '' }),
  );
  if (!key) return;
  print(cli, options, {
    json: () => ({ key: keyJson(key) }),
    text: (styles) => keyTable([key], cli.now(), styles),
  });
}

async function revoke(
  cli: Cli,
  keyId: string,
  options: GlobalOptions & DurabilityOptions & FenceOption,
): Promise<void> {
  const answer = await withClient(cli, options, (client) =>
    client.keys.revokeKey({ keyId, ...durabilityOf(options), ...fenceOf(options) }),
  );
  print(cli, options, {
    json: () => toJson(RevokeKeyResponseSchema, answer, { alwaysEmitImplicit: true }),
    text: ({ dim }) =>
      fields(
        [
          ['Revoked', answer.key?.keyId ?? keyId],
          ['Partitions', answer.partitions],
          ['Durability', durabilityReached(answer.durability)],
          ...fenceReached(answer.fence),
        ],
        dim,
      ),
  });
}

/** The same with and without --json: a key set is JSON. */
async function jwks(cli: Cli, options: GlobalOptions): Promise<void> {
  const { jwksJson } = await withClient(cli, options, (client) => client.keys.getJwks({}));
  printValue(cli, JSON.stringify(JSON.parse(jwksJson), null, 2));
}

function keyTable(keys: readonly Key[], now: Date, styles: Styles): string[] {
  return table(
    [
      { title: 'Key', value: (key) => key.keyId },
      { title: 'Algorithm', value: (key) => key.algorithm },
      {
        title: 'State',
        value: (key) => enumName(KeyStateSchema, key.state),
        style: (key) => stateStyle(key.state, styles),
      },
      { title: 'Signs from', value: (key) => instant(key.activateTime, now) },
      { title: 'Signs until', value: (key) => instant(key.retireTime, now) },
      { title: 'Published until', value: (key) => instant(key.expireTime, now) },
    ],
    keys,
    styles.title,
  );
}

function stateStyle(state: KeyState, { good, bad, warn }: Styles): Style | undefined {
  if (state === KeyState.SIGNING) return good;
  if (state === KeyState.PENDING) return warn;
  return state === KeyState.REVOKED ? bad : undefined;
}

function keyJson(key: Key) {
  return toJson(KeySchema, key, { alwaysEmitImplicit: true });
}
