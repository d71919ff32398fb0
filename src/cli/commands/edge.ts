import type { Command } from 'commander';
import { loadEdgeConfig } from '../../config/config.ts';
import type { EdgeProcess } from '../../server/edge/start-edge.ts';
import type { Cli } from '../cli.ts';
import { reportFailure } from '../failure/report-failure.ts';
import { runUntilSignal } from '../run-until-signal.ts';

const NOTES = `
It follows the feed of revocations and answers /authz over HTTP and Envoy's Check over gRPC from memory, for as
long as its lease holds; what it is not certain of it asks a server. It is configured by environment variables:
see "signum edge" in \`signum config --docs\`. SIGTERM and SIGINT drain; SIGHUP reads credentials, keys and
authorities again.

Examples:
  signum callers create edge --permission watch --permission validate --tenant acme
  SIGNUM_ADDRESS=https://signum.example:8443 SIGNUM_API_KEY_FILE=/etc/signum/edge-key \\
    SIGNUM_EDGE_LISTEN=unix:/run/signum/edge.sock signum edge
`;

/** `signum edge`: the doors of gateways, beside the gateway. */
export function edgeCommand(program: Command, cli: Cli): void {
  program
    .command('edge')
    .description('Answer a gateway beside it, from memory, until SIGTERM or SIGINT.')
    .addHelpText('after', NOTES)
    .action(async () => edge(cli));
}

async function edge(cli: Cli): Promise<void> {
  let running: EdgeProcess | undefined;
  const reload = async () => {
    try {
      await running?.reload(loadEdgeConfig(cli.env));
    } catch (error) {
      // What cannot be used is told, and what is in use stays.
      reportFailure(cli, error, false);
    }
  };
  const signals = {
    stop: ['SIGTERM', 'SIGINT'],
    again: 'exit',
    onHangup: () => void reload(),
  } as const;
  await runUntilSignal(cli, signals, async (started) => {
    const config = loadEdgeConfig(cli.env);
    // Only here, so that no other command pays for loading it.
    const { startEdge } = await import('../../server/edge/start-edge.ts');
    const process = await startEdge(config);
    started.defer(() => process.close());
    running = process;
    for (const line of process.describe()) cli.stderr.write(`${line}\n`);
  });
}
