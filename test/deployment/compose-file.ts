import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The part of a Compose service that the tests follow. */
export interface ComposeService {
  readonly build?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}

/** A folder or file of this machine and where the service sees it. */
export interface Mount {
  readonly source: string;
  readonly target: string;
}

const FILE = new URL('../../docker-compose.yml', import.meta.url);

/** A service of docker-compose.yml, variables of the shell filled in by their defaults. */
export function composeService(name: string): ComposeService {
  const text = readFileSync(FILE, 'utf8').replace(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = parse(text) as { services: Record<string, ComposeService> };
  const service = services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

/** What `- source:/target[:ro]` lines mount, the longest target first. */
export function mountsOf({ volumes = [] }: ComposeService): readonly Mount[] {
  const mounts = volumes.map((volume) => {
    const [source = '', target = ''] = volume.split(':');
    return { source, target };
  });
  return mounts.sort((a, b) => b.target.length - a.target.length);
}
