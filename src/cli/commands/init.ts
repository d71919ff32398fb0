import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { collect } from '../input/option-values.ts';
import { print } from '../output/output.ts';
import { fields } from '../output/table.ts';

interface InitOptions extends GlobalOptions {
  readonly dir: string;
  readonly hostName?: string[];
  readonly redisAddress?: string;
  readonly redisAclFile?: string;
}

const NOTES = `
For Compose and the like: it makes what a server started elsewhere needs, and starts nothing. What
exists already is kept, so it is safe to run again. Not for production: the CA's key lies beside it.

Example:
  signum init --dir /state --host-name signum --redis-address redis:6379
`;

/** `signum init`: development certificates and secrets, and nothing running. */
export function initCommand(program: Command, cli: Cli): void {
  const command = program
    .command('init')
    .description('Make the development certificates and secrets in a folder.')
    .requiredOption('--dir <dir>', 'folder to make them in')
    .option('--host-name <name>', 'DNS name of the server beside localhost; repeatable', collect)
    .option('--redis-address <host:port>', 'also write redis-url, for this Redis')
    .option('--redis-acl-file <file>', 'also write the ACL file of that Redis')
    .addHelpText('after', NOTES);
  command.action(async () => {
    const options = command.optsWithGlobals<InitOptions>();
    const { init } = await import('../../dev/init.ts');
    const { redisAddress, redisAclFile } = options;
    const made = await init({
      stateDir: resolve(options.dir),
      hostNames: options.hostName ?? [],
      ...(redisAddress !== undefined && { redisAddress }),
      ...(redisAclFile !== undefined && { redisAclFile }),
    });
    const { stateDir, caFile, adminKeyFile } = made;
    print(cli, options, {
      json: () => ({ stateDir, caFile, adminKeyFile }),
      text: ({ dim }) =>
        fields(
          [
            ['Folder', stateDir],
            ['CA for clients', caFile],
            ['Admin API key', adminKeyFile],
          ],
          dim,
        ),
    });
  });
}
