import { relative } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../../config/config.ts';
import type { Cli } from '../cli.ts';
import { devServer, removeDevServer, writeDevServer } from '../connect/dev-server-file.ts';
import { devStateDir } from '../connect/dev-state.ts';
import { withoutToken } from '../input/token-input.ts';
import { nextSteps } from '../output/next-steps.ts';
import { stylesFor } from '../output/output.ts';
import { runUntilSignal } from '../run-until-signal.ts';

/** What development needs besides secrets and Redis. The environment wins over all of it. */
const DEFAULTS = {
  SIGNUM_ISSUER: 'https://localhost:8443',
  SIGNUM_AUDIENCE: 'signum-dev',
  SIGNUM_PUBLIC_LISTEN: '127.0.0.1:8443',
  SIGNUM_GRPC_LISTEN: '127.0.0.1:9443',
  // The terminal is for the commands to paste.
  SIGNUM_LOG_LEVEL: 'warn',
  SIGNUM_AUDIT: 'off',
};

const NOTES = `
It finds or starts a Redis (REDIS_URL to use one that runs), makes certificates, secrets and an
admin API key under .signum/, starts the server and prints what to paste next. Commands in another
terminal then need no options. Ctrl-C stops everything that it started. This is what \`npm start\`
runs. Not for production.

Examples:
  signum dev
  SIGNUM_PUBLIC_LISTEN=127.0.0.1:18443 SIGNUM_ACCESS_LIFETIME=30s signum dev
`;

/** `signum dev`: a server for development, with everything that it needs. */
export function devCommand(program: Command, cli: Cli): void {
  program
    .command('dev')
    .description('Run a server for development, with Redis, certificates and secrets of its own.')
    .addHelpText('after', NOTES)
    .action(async () => runDev(cli));
}

async function runDev(cli: Cli): Promise<void> {
  // `npm start` holds a channel to this process, which ends with it. Nobody else does.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  const signals = { stop: ['SIGINT', 'SIGTERM', 'SIGHUP'], again: 'exit' } as const;
  await runUntilSignal(cli, signals, async (started) => {
    const env = withoutToken(cli.env);
    const redisUrl = env['SIGNUM_REDIS_URL'] || env['REDIS_URL'];
    const { dev } = await import('../../dev/dev.ts');
    const stateDir = devStateDir(env);
    const environment = await dev({ stateDir, ...(redisUrl && { redisUrl }) });
    started.defer(() => environment.stop());

    const config = loadConfig({ ...DEFAULTS, ...environment.env, ...env });
    const { startServer } = await import('../../server/server.ts');
    const server = await startServer(config);
    started.defer(() => server.close());

    const here = devServer(config, server);
    writeDevServer(stateDir, here);
    started.defer(() => removeDevServer(stateDir));

    const { title } = stylesFor(cli, cli.stdout);
    const shown = relative(process.cwd(), stateDir) || '.';
    for (const line of [
      ...server.describe(),
      environment.managedRedis ? 'Redis: started for this server' : 'Redis: the one configured',
      `Development CA, secrets and admin API key: ${shown}/`,
      '',
      title('What to paste next'),
      '',
      ...nextSteps({ address: here.address, stateDir: shown }),
      'Ctrl-C stops everything.',
    ]) {
      cli.stdout.write(`${line}\n`);
    }
  });
}
