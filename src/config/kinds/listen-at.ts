import { type HostPort, hostPort } from './host-port.ts';
import { type Kind, scalar } from './kind.ts';

/** Where to listen: a host and a port, or a Unix socket. */
export interface ListenAt extends HostPort {
  /** Of the socket; host and port mean nothing then. */
  readonly path?: string | undefined;
}

const SOCKET = 'unix:';
/** What the address of a Unix socket has room for. */
const MAX_PATH_BYTES = 107;

export const listenAt: Kind<ListenAt> = scalar<ListenAt>({
  name: 'host:port or unix:path',
  allowed: `${hostPort.allowed}; or unix: and a path of at most ${MAX_PATH_BYTES} bytes`,
  parse: (text) => {
    if (!text.startsWith(SOCKET)) return hostPort.parse(text);
    const path = text.slice(SOCKET.length);
    if (path === '' || path.includes('\0')) return { fault: 'must name a path after unix:' };
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      return { fault: `must have a path of at most ${MAX_PATH_BYTES} bytes` };
    }
    return { value: { host: '', port: 0, path } };
  },
  format: (value) => (value.path === undefined ? hostPort.format(value) : `${SOCKET}${value.path}`),
});
