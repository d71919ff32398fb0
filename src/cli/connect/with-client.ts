import type { Cli } from '../cli.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { type ClientSettings, clientSettings, exposesCredential } from '../input/settings.ts';
import { type Client, openClient } from './client.ts';

/** Opens a client for a command's options, and closes it however the command ends. */
export async function withClient<T>(
  cli: Cli,
  options: GlobalOptions,
  use: (client: Client, settings: ClientSettings) => Promise<T>,
): Promise<T> {
  const settings = await clientSettings(cli, options);
  if (options.verbose) cli.stderr.write(`${describe(settings)}\n`);
  if (exposesCredential(settings)) {
    cli.stderr.write(`warning: the API key travels in clear to ${settings.address}\n`);
  }
  const client = openClient(settings);
  try {
    return await use(client, settings);
  } finally {
    client.close();
  }
}

function describe({ address, dev, apiKey, clientCert }: ClientSettings): string {
  if (dev) return `Calling ${address} with the development credentials of ${dev.dir}.`;
  const credential = clientCert ? 'a client certificate' : apiKey ? 'an API key' : 'no credential';
  return `Calling ${address} with ${credential}.`;
}
