import type { Command } from 'commander';
import { PERMISSIONS } from '../../domain/caller.ts';
import { type AccessRow, accessRows } from '../../policy/access-rows.ts';
import type { Cli } from '../cli.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { collect, collectOneOf, duration } from '../input/option-values.ts';
import { addApiKeyOutput } from '../output/api-key-output.ts';
import { print } from '../output/output.ts';
import { table } from '../output/table.ts';
import {
  createCaller,
  deleteCaller,
  listCallers,
  rotateCallerKey,
  setCallerDisabled,
} from './manage-callers.ts';

const EXAMPLES = `
Examples:
  signum callers create gateway --permission validate --tenant '*' --save gateway.key
  signum callers create login --permission issue --permission revoke --tenant acme --quiet
  signum callers create edge --permission validate --tenant acme --without-key \\
    --certificate-name URI:spiffe://acme/edge
  signum callers create orders --permission validate --tenant acme --without-key --jwks orders.jwks
  signum callers rotate-key gateway --overlap 1h --save gateway-2.key
  signum callers rotate-key orders --jwks orders-2.jwks
  signum callers disable gateway
  signum callers matrix             which caller may make which call

An API key is shown once, when it is made.
`;

/** `signum callers`: who may call, and for what. */
export function callersCommand(program: Command, cli: Cli): void {
  const callers = program
    .command('callers')
    .description('Create, list, disable and delete service callers.')
    .addHelpText('after', EXAMPLES);
  addCreate(callers, cli);
  addMatrix(callers, cli);
  callers
    .command('list')
    .description('List the callers and the ids of their keys.')
    .action(async (_: unknown, command: Command) => listCallers(cli, command.optsWithGlobals()));
  addApiKeyOutput(
    callers
      .command('rotate-key')
      .description(
        'Give a caller a new API key, while the old one goes on working for a while, or other public keys.',
      )
      .argument('<name>', 'name of the caller')
      .option('--key-lifetime <duration>', 'how long the new key lives; for ever without', duration)
      .option('--overlap <duration>', 'how long the old key goes on working; 24h without', duration)
      .option('--jwks <file>', 'public keys instead of those it has, and no new API key'),
  ).action(async (name: string, _: unknown, command: Command) =>
    rotateCallerKey(cli, name, command.optsWithGlobals()),
  );
  for (const [verb, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    callers
      .command(verb)
      .description(
        disabled ? 'Refuse every call of a caller.' : 'Let a disabled caller call again.',
      )
      .argument('<name>', 'name of the caller')
      .action(async (name: string, _: unknown, command: Command) =>
        setCallerDisabled(cli, name, disabled, command.optsWithGlobals()),
      );
  }
  callers
    .command('delete')
    .description('Delete a caller and its keys.')
    .argument('<name>', 'name of the caller')
    .action(async (name: string, _: unknown, command: Command) =>
      deleteCaller(cli, name, command.optsWithGlobals()),
    );
}

function addMatrix(callers: Command, cli: Cli): void {
  callers
    .command('matrix')
    .description('Print which kind of caller may make which call. Asks no server.')
    .action((_: unknown, command: Command) => {
      const rows = accessRows();
      print(cli, command.optsWithGlobals<GlobalOptions>(), {
        json: () => ({ calls: rows.map((row) => ({ ...row })) }),
        text: ({ title }) =>
          table<AccessRow>(
            [
              { title: 'Call', value: (row) => row.call },
              { title: 'Permission', value: (row) => row.permission },
              { title: 'Service caller, in', value: (row) => row.service },
              { title: 'User', value: (row) => row.user },
              { title: 'No credential', value: (row) => row.nobody },
            ],
            rows,
            title,
          ),
      });
    });
}

function addCreate(callers: Command, cli: Cli): void {
  const create = callers
    .command('create')
    .description('Create a caller; its API key is shown this once.')
    .argument('<name>', '1 to 64 characters of a-z 0-9 . _ -')
    .requiredOption(
      '--permission <permission>',
      `one of ${PERMISSIONS.join(', ')}; repeatable`,
      collectOneOf(PERMISSIONS),
    )
    .requiredOption('--tenant <id>', "tenant it may act in, '*' for every one; repeatable", collect)
    .option('--certificate-name <name>', 'URI:… or DNS:… of its certificate; repeatable', collect)
    .option('--jwks <file>', 'public keys (JWK Set) for OAuth endpoints: private_key_jwt')
    .option('--without-key', 'make no API key: it comes by certificate or public key')
    .option('--key-lifetime <duration>', 'how long the key lives; for ever without', duration);
  addApiKeyOutput(create).action(async (name: string) =>
    createCaller(cli, name, create.optsWithGlobals()),
  );
}
