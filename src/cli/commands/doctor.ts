import type { JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import { doctorConfig } from '../doctor/doctor-config.ts';
import { examineApi } from '../doctor/examine-api.ts';
import { examineStore } from '../doctor/examine-store.ts';
import { type Examination, isHealthy } from '../doctor/finding.ts';
import { reportText } from '../doctor/report-text.ts';
import { EXIT } from '../failure/exit.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { integer } from '../input/option-values.ts';
import type { ClientSettings } from '../input/settings.ts';
import { withoutToken } from '../input/token-input.ts';
import { print } from '../output/output.ts';

interface DoctorOptions extends GlobalOptions {
  readonly limit: number;
}

const NOTES = `
It looks at the server as its clients see it: certificate, calls, key set; and at Redis itself
(SIGNUM_REDIS_URL, or the Redis of \`signum dev\`): settings, clock, and a walk over the keys that
proves that each expires and that sessions and indexes agree. It changes nothing, and a store in use
is no trouble. It exits 0 when healthy and 1 with findings.

Examples:
  signum doctor
  signum doctor --json | jq '.examinations[].findings[] | select(.severity == "error")'
  SIGNUM_REDIS_URL=redis://… signum doctor --limit 10000
`;

/** `signum doctor`: examines the server and, as no other command does, its Redis. */
export function doctorCommand(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .description('Examine the server and its Redis, and say what to mend.')
    .option('--limit <n>', 'keys to look at, at most', integer(1, 1_000_000_000), 1_000_000)
    .addHelpText('after', NOTES);
  command.action(async () => {
    const options = command.optsWithGlobals<DoctorOptions>();
    const examinations = await withClient(cli, options, async (client, settings) => [
      await examineApi({ client, settings, now: cli.now() }),
      ...(await examineRedisIfKnown(cli, options, settings)),
    ]);
    const findings = examinations.flatMap((each) => each.findings);
    const healthy = isHealthy(findings);
    cli.exitCode = healthy ? EXIT.ok : EXIT.negative;
    print(cli, options, {
      json: () => ({ healthy, examinations }) as unknown as JsonValue,
      text: (styles) => reportText(examinations, styles),
    });
  });
}

async function examineRedisIfKnown(
  cli: Cli,
  { limit }: DoctorOptions,
  settings: ClientSettings,
): Promise<Examination[]> {
  const config = doctorConfig(withoutToken(cli.env), settings.dev?.server?.redisUrl);
  if (!config) {
    const problem = 'not examined: SIGNUM_REDIS_URL is not set here';
    return [
      {
        area: 'Redis',
        facts: [],
        findings: [{ severity: 'note', subject: 'redis', problem, fix: '' }],
      },
    ];
  }
  const shown = cli.stderr.isTTY === true;
  const onProgress = (scanned: number) => {
    if (shown) cli.stderr.write(`\r${scanned} keys`);
  };
  try {
    return await examineStore({ config, limit, now: cli.now, onProgress });
  } finally {
    // Erases the progress line.
    if (shown) cli.stderr.write('\r\u001B[K');
  }
}
