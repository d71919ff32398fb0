import type { Command } from 'commander';
import { loadConfig } from '../../config/config.ts';
import { tuneV8 } from '../../server/tune-v8.ts';
import type { Cli } from '../cli.ts';
import { runUntilSignal } from '../run-until-signal.ts';

const NOTES = `
Everything is configured by environment variables: \`signum config --docs\` documents them,
\`signum config\` shows those in force. SIGTERM and SIGINT drain: no new calls, those in flight
finish. A second signal exits at once.

Example:
  SIGNUM_CONFIG_FILE=/etc/signum.json signum serve
`;

/** `signum serve`: the server. */
export function serveCommand(program: Command, cli: Cli): void {
  program
    .command('serve')
    .description('Run the server from its configuration, until SIGTERM or SIGINT.')
    .addHelpText('after', NOTES)
    .action(async () => serve(cli));
}

/** Standard output belongs to the audit log. SIGHUP is the server's own: it reopens that log. */
async function serve(cli: Cli): Promise<void> {
  await runUntilSignal(cli, ['SIGTERM', 'SIGINT'], async (started) => {
    const config = loadConfig(cli.env);
    tuneV8();
    // Only here, so that no other command pays for loading the server.
    const { startServers } = await import('../../server/server.ts');
    const server = await startServers(config);
    started.defer(() => server.close());
    for (const line of server.describe()) cli.stderr.write(`${line}\n`);
  });
}
