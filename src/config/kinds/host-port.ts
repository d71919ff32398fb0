import { type Kind, scalar } from './kind.ts';

/** Where to listen. */
export interface HostPort {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose a free port. */
  readonly port: number;
}

const FORM = /^(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;
const MAX_PORT = 65_535;

export const hostPort: Kind<HostPort> = scalar({
  name: 'host:port',
  allowed: 'a name, IPv4 or [IPv6] and a port, 0 to 65535 (0: any free port)',
  parse: (text) => {
    const match = FORM.exec(text);
    const host = match?.[1] ?? match?.[2];
    if (!match || !host) return { fault: 'must be host:port, such as 0.0.0.0:8443 or [::1]:8443' };
    const port = Number(match[3]);
    if (port > MAX_PORT) return { fault: `must have a port of at most ${MAX_PORT}` };
    return { value: { host, port } };
  },
  format: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
});

/** Whether only this machine can reach a listener on this host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
