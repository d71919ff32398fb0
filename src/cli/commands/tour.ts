import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { type Client, openClient } from '../connect/client.ts';
import { httpGet } from '../connect/http-get.ts';
import { withClient } from '../connect/with-client.ts';
import { EXIT } from '../failure/exit.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { durationMs } from '../input/option-values.ts';
import type { ClientSettings } from '../input/settings.ts';
import { stylesFor } from '../output/output.ts';
import { runTour, type StepReport, type TourReport } from '../tour/run-tour.ts';
import type { Memory, Pair, Tour } from '../tour/step.ts';
import { stepText } from '../tour/step-text.ts';

interface TourCommandOptions extends GlobalOptions {
  readonly tenant: string;
  readonly slow?: boolean;
  readonly grace?: number;
  readonly rotate?: boolean;
}

/** SIGNUM_REFRESH_GRACE of a server that does not set it. */
const DEFAULT_GRACE_MS = 10_000;

const NOTES = `
It makes up a user of its own and logs it out at the end: no real session is touched. It needs the
permissions issue, refresh, validate, revoke, list and keys in the tenant. The first step that does
not go as it must ends the tour, with an exit code that is not 0.

Examples:
  signum tour
  signum tour --slow                        also wait for the grace window, and show reuse
  signum tour --address https://tokens.example.com:8443 --api-key-file key --tenant demo
`;

/** `signum tour`: the whole life of a token against a server, every step shown and checked. */
export function tourCommand(program: Command, cli: Cli): void {
  const command = program
    .command('tour')
    .description('Walk through the whole life of a token against a server, and check every step.')
    .option('--tenant <id>', 'tenant to do it in', 'acme')
    .option('--slow', 'also show the reuse of a refresh token, which takes a wait')
    .option('--grace <duration>', "with --slow: the server's grace window; 10s without", durationMs)
    .option('--rotate', 'rotate the signing key, on a server that is not for development too')
    .option('--no-rotate', 'leave the signing key alone')
    .addHelpText('after', NOTES);
  command.action(async () => {
    const options = command.optsWithGlobals<TourCommandOptions>();
    cli.exitCode = await withClient(cli, options, (client, settings) =>
      tourWith(cli, options, client, settings),
    );
  });
}

async function tourWith(
  cli: Cli,
  options: TourCommandOptions,
  client: Client,
  settings: ClientSettings,
): Promise<number> {
  const opened: Client[] = [];
  const tour = createTour(cli, options, { client, settings, opened });
  const styles = stylesFor(cli, cli.stdout);
  const show = (report: StepReport) => {
    for (const line of stepText(report, styles)) cli.stdout.write(`${line}\n`);
  };
  try {
    const report = await runTour(tour, options.json ? () => {} : show);
    finish(cli, options, report);
    return report.exitCode;
  } finally {
    // After a failure sessions may be left; after a success this ends none.
    const { tenantId, userId } = tour;
    await client.tokens.revokeUser({ tenantId, userId }).catch(() => undefined);
    for (const each of opened) each.close();
  }
}

function createTour(
  cli: Cli,
  options: TourCommandOptions,
  { client, settings, opened }: { client: Client; settings: ClientSettings; opened: Client[] },
): Tour {
  const { apiKey: _, clientCert: _cert, clientKey: _key, ...anonymous } = settings;
  const clientWith = (credential: string | undefined) => {
    const made = openClient(
      credential === undefined ? anonymous : { ...anonymous, apiKey: credential },
    );
    opened.push(made);
    return made;
  };
  const { address, ca, timeoutMs } = settings;
  return {
    client,
    clientWith,
    getJwks: () => httpGet(`${address}/.well-known/jwks.json`, { ca, timeoutMs }),
    now: cli.now,
    tenantId: options.tenant,
    userId: `tour-${randomBytes(4).toString('hex')}`,
    options: {
      // A second beyond the window, for the store's clock decides.
      waitForReuseMs: options.slow ? (options.grace ?? DEFAULT_GRACE_MS) + 1_000 : undefined,
      rotate: options.rotate ?? settings.dev !== undefined,
    },
    memory: emptyMemory(),
  };
}

function emptyMemory(): Memory {
  const none: Pair = { accessToken: '', refreshToken: '', tokenId: '', sessionId: '' };
  return { phone: none, laptop: none, usedUp: none, logoutRevision: 0n, rotatedKeyId: '' };
}

function finish(cli: Cli, options: TourCommandOptions, { steps, exitCode }: TourReport): void {
  const ok = exitCode === EXIT.ok;
  if (options.json) {
    cli.stdout.write(`${JSON.stringify({ ok, steps }, null, 2)}\n`);
    return;
  }
  const { good, bad } = stylesFor(cli, cli.stdout);
  const passed = steps.filter(({ status }) => status === 'passed').length;
  const line = ok
    ? good(`All ${passed} steps went as they must.`)
    : bad('The tour ended at a step that failed.');
  cli.stdout.write(`${line}\n`);
}
