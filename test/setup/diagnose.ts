import { PassThrough } from 'node:stream';
import type { Examination, Finding } from '../../src/cli/doctor/finding.ts';
import { run } from '../../src/cli/run.ts';
import type { TestServer } from './server.ts';
import { FAILOVER_WINDOW } from './topology.ts';

/** What `signum doctor` finds wrong with a server and its Redis; notes left out. */
export async function diagnose(server: TestServer): Promise<readonly Finding[]> {
  const env = {
    SIGNUM_ADDRESS: server.address,
    SIGNUM_API_KEY: server.adminKey,
    SIGNUM_CA_FILE: server.certificates.caFile,
    SIGNUM_REDIS_URL: server.redisUrl,
    SIGNUM_PARTITIONS: server.env['SIGNUM_PARTITIONS'],
    SIGNUM_REDIS_FAILOVER_WINDOW: FAILOVER_WINDOW,
  };
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const cli = {
    env,
    stdin: process.stdin,
    stdout,
    stderr,
    now: () => new Date(),
    exitCode: 0,
    isService: false,
  };
  const exitCode = await run(cli, ['doctor', '--json']);
  if (exitCode > 1) throw new Error(`the doctor did not come: ${String(stderr.read())}`);
  const { examinations } = JSON.parse(String(stdout.read())) as { examinations: Examination[] };
  return examinations
    .flatMap(({ findings }) => findings)
    .filter(({ severity }) => severity !== 'note');
}
