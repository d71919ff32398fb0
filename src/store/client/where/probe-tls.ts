import { connect } from 'node:net';
import tls from 'node:tls';
import { RedisMisconfigured } from '../misconfigured.ts';
import type { RedisTarget } from './url.ts';

const PROBE_MS = 2_000;

/**
 * Looks whether a server that has ended a connection, or said nothing, would have answered with TLS or
 * without: most say nothing of why. Resolves to a fault, or to undefined if it is no matter of TLS.
 */
export async function probeTls(target: RedisTarget): Promise<RedisMisconfigured | undefined> {
  if (target.kind === 'socket') return undefined;
  const [first] = target.nodes;
  if (!first) return undefined;
  if (target.tls) {
    return (await speaksPlainly(first))
      ? new RedisMisconfigured(
          'Redis does not speak TLS at this port, and SIGNUM_REDIS_URL begins with rediss',
        )
      : undefined;
  }
  return (await speaksTls(first))
    ? new RedisMisconfigured(
        'Redis speaks TLS at this port: SIGNUM_REDIS_URL must begin with rediss',
      )
    : undefined;
}

type Address = { readonly host: string; readonly port: number };

/** Nothing is sent but a handshake, and nothing is believed. */
function speaksTls(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls.connect({ ...address, rejectUnauthorized: false }, () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      resolve(/^ERR_SSL_/.test(code) && !code.includes('WRONG_VERSION'));
    });
    socket.on('close', () => resolve(false));
    setTimeout(() => socket.destroy(), PROBE_MS).unref();
  });
}

/** Redis answers a PING with PONG, or with why not. */
function speaksPlainly(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => socket.write('*1\r\n$4\r\nPING\r\n'));
    socket.once('data', (answer) => {
      resolve(/^[+-]/.test(answer.toString('latin1')));
      socket.destroy();
    });
    socket.on('error', () => resolve(false)).on('close', () => resolve(false));
    setTimeout(() => socket.destroy(), PROBE_MS).unref();
  });
}
