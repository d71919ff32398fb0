import cluster from 'node:cluster';
import type { Command } from 'commander';
import { loadConfig } from '../../config/config.ts';
import type { Server } from '../../server/server.ts';
import { tuneV8 } from '../../server/tune-v8.ts';
import type { Cli } from '../cli.ts';
import { runUntilSignal } from '../run-until-signal.ts';

const NOTES = `
Everything is configured by environment variables: \`signum config --docs\` documents them,
\`signum config\` shows those in force. SIGTERM and SIGINT drain: no new calls, those in flight
finish. A second signal exits at once. SIGHUP opens the audit file anew and looks at the certificates.

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

/** Standard output belongs to the audit trail. */
async function serve(cli: Cli): Promise<void> {
  let server: Server | undefined;
  const signals = {
    stop: ['SIGTERM', 'SIGINT'],
    again: cluster.isWorker ? 'ignore' : 'exit',
    onHangup: () => void server?.reload(),
  } as const;
  await runUntilSignal(cli, signals, async (started) => {
    const config = loadConfig(cli.env);
    tuneV8();
    // Only here, so that no other command pays for loading the server.
    const { startServers } = await import('../../server/server.ts');
    const running = await startServers(config);
    started.defer(() => running.close());
    server = running;
    if (cluster.isWorker) return;
    for (const line of running.describe()) cli.stderr.write(`${line}\n`);
  });
}
