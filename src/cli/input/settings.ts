import { type ClientConfig, isLoopback, loadClientConfig } from '../../config/config.ts';
import { serviceAddress } from '../../config/kinds/url.ts';
import { invalidField } from '../../domain/errors.ts';
import { authoritiesIn, certificatesIn, type PemFault, pemBlocks } from '../../domain/pem.ts';
import type { Cli } from '../cli.ts';
import { type DevState, devStateDir, findDevState } from '../connect/dev-state.ts';
import type { GlobalOptions } from './global-options.ts';
import { readSecret, readTextFile, withoutToken } from './token-input.ts';

/** How to reach the server and what to prove who is calling with. Contents, not file names. */
export interface ClientSettings {
  /** Base URL. */
  readonly address: string;
  readonly ca?: string;
  /** Sent as a bearer credential: an API key, or a user's own access token. */
  readonly apiKey?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly http1: boolean;
  /** The development state, when its server is the one that is called. */
  readonly dev?: DevState;
}

/** Longer than the server's own longest deadline, so that its answer is the one that is seen. */
const DEFAULT_TIMEOUT_MS = 15_000;

/**
 * Options win over the environment, which wins over the development state. The development
 * credentials are only ever sent to the development server: naming an address switches them off.
 */
export async function clientSettings(
  cli: Pick<Cli, 'env' | 'stdin'>,
  options: GlobalOptions,
): Promise<ClientSettings> {
  const config = loadClientConfig(withoutToken(cli.env));
  const named = options.address ?? (cli.env['SIGNUM_ADDRESS'] ? config.address : undefined);
  const dev = named === undefined ? findDevState(devStateDir(cli.env)) : undefined;
  const caFile = options.ca ?? config.caFile ?? dev?.caFile;
  const { certFile, keyFile } = certificateFiles(options, config);
  const devKeyFile = certFile === undefined ? dev?.adminKeyFile : undefined;
  const apiKey = await readApiKey(cli, options.apiKeyFile, config, devKeyFile);
  const address = checkAddress(named ?? dev?.server?.address ?? config.address);
  return {
    address,
    timeoutMs: options.timeout ?? DEFAULT_TIMEOUT_MS,
    // A server without TLS has no ALPN to agree on HTTP/2 with.
    http1: options.http1 ?? address.startsWith('http:'),
    ...(apiKey !== undefined && { apiKey }),
    ...(caFile !== undefined && { ca: readPem(caFile, '--ca', authoritiesIn) }),
    ...(certFile !== undefined && {
      clientCert: readPem(certFile, '--client-cert', certificatesIn),
    }),
    ...(keyFile !== undefined && { clientKey: readPem(keyFile, '--client-key', pemBlocks) }),
    ...(dev !== undefined && { dev }),
  };
}

/** Whether a credential would travel in clear over a network. */
export function exposesCredential({ address, apiKey }: ClientSettings): boolean {
  const { protocol, hostname } = new URL(address);
  return (
    protocol === 'http:' && apiKey !== undefined && !isLoopback(hostname.replace(/[[\]]/g, ''))
  );
}

function certificateFiles(options: GlobalOptions, config: ClientConfig) {
  const certFile = options.clientCert ?? config.certFile;
  const keyFile = options.clientKey ?? config.keyFile;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw invalidField('--client-cert', 'must come together with --client-key');
  }
  return { certFile, keyFile };
}

async function readApiKey(
  cli: Pick<Cli, 'stdin'>,
  optionFile: string | undefined,
  config: ClientConfig,
  devFile: string | undefined,
): Promise<string | undefined> {
  if (optionFile !== undefined) return readSecret(cli, optionFile, '--api-key-file');
  if (config.apiKey !== undefined) return config.apiKey.reveal();
  return devFile === undefined ? undefined : readSecret(cli, devFile, '--api-key-file');
}

/** Node takes a file without a certificate for an empty list of authorities, and says nothing. */
function readPem(
  path: string,
  option: string,
  check: (text: string) => readonly object[] | PemFault,
): string {
  const text = readTextFile(path, option);
  const checked = check(text);
  if ('fault' in checked) throw invalidField(option, `names a file that ${checked.fault}`);
  if (checked.length === 0) throw invalidField(option, 'must name a file in PEM');
  return text;
}

function checkAddress(address: string): string {
  const parsed = serviceAddress.parse(address);
  if ('fault' in parsed)
    throw invalidField('--address', `${parsed.fault} (${serviceAddress.allowed})`);
  return parsed.value;
}
