import { type Command, Option } from 'commander';
import { durationMs } from './option-values.ts';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly address?: string;
  readonly ca?: string;
  readonly apiKeyFile?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly http1?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Their defaults come from the environment, so none is given here. */
export function addGlobalOptions(program: Command): void {
  program
    .addOption(new Option('--address <url>', 'server to call (SIGNUM_ADDRESS)'))
    .addOption(new Option('--ca <file>', 'CA that the server is checked against (SIGNUM_CA_FILE)'))
    .addOption(
      new Option(
        '--api-key-file <file>',
        'file with the API key, - for stdin (SIGNUM_API_KEY_FILE)',
      ),
    )
    .addOption(
      new Option('--client-cert <file>', 'TLS client certificate (SIGNUM_CLIENT_CERT_FILE)'),
    )
    .addOption(new Option('--client-key <file>', 'its private key (SIGNUM_CLIENT_KEY_FILE)'))
    .addOption(
      new Option('--timeout <duration>', 'how long a call may take; 15s without it').argParser(
        durationMs,
      ),
    )
    .addOption(new Option('--http1', 'speak HTTP/1.1, for a proxy that has no HTTP/2'))
    .addOption(new Option('--json', 'print one JSON document, for scripts'))
    .addOption(new Option('--verbose', 'say on stderr which server and credentials are used'));
}
