import type { JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { invalidField } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import { doctorConfig } from '../doctor/doctor-config.ts';
import { addDurabilityOptions, type DurabilityOptions } from '../input/durability-options.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { withoutToken } from '../input/token-input.ts';
import { print } from '../output/output.ts';
import { guardStore } from '../restore/guard-store.ts';

type GuardOptions = GlobalOptions & DurabilityOptions;

const NOTES = `
For a Redis that has been restored from a backup, before any server is started on it. The backup has
forgotten every revocation since it was made, so this revokes every session in it, of all tenants:
everybody logs in again, and nothing that was restored is accepted. It needs SIGNUM_REDIS_URL and
SIGNUM_PARTITIONS as the servers have them, and goes to Redis itself. To run it twice does no harm.

Examples:
  SIGNUM_REDIS_URL=rediss://… signum restore-guard
  SIGNUM_REDIS_URL=rediss+cluster://… signum restore-guard --replicas 1
`;

/** `signum restore-guard`: revokes whatever a restored store holds. */
export function restoreGuardCommand(program: Command, cli: Cli): void {
  const command = addDurabilityOptions(
    program
      .command('restore-guard')
      .description('Revoke everything in a Redis that was restored from a backup.'),
  ).addHelpText('after', NOTES);
  command.action(async () => {
    const options = command.optsWithGlobals<GuardOptions>();
    const config = doctorConfig(withoutToken(cli.env), undefined);
    if (!config) throw invalidField('SIGNUM_REDIS_URL', 'must be set');
    const { replicas = 0, fsync = false } = options;
    const { partitions, reached } = await guardStore(config, { replicas, fsync });
    print(cli, options, {
      json: () => ({ partitions, durability: { ...reached } }) as JsonValue,
      text: ({ good }) => [
        good(`Everything begun so far is revoked, in ${partitions} partitions.`),
      ],
    });
  });
}
