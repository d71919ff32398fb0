import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Peer } from '../../call/head.ts';
import { certificateNames } from './certificate-names.ts';

/** Who is at the other end, found out once a connection: reading a certificate takes 20 µs. */
export interface Peers {
  of(socket: Duplex | undefined): Peer;
}

const NOBODY: Peer = { ip: '', certificateNames: [] };

export function createPeers(): Peers {
  const known = new WeakMap<Duplex, Peer>();
  return {
    of(socket) {
      if (socket === undefined) return NOBODY;
      let peer = known.get(socket);
      if (peer === undefined) {
        peer = peerOf(socket);
        known.set(socket, peer);
      }
      return peer;
    },
  };
}

export function peerOf(socket: Duplex): Peer {
  if (!(socket instanceof Socket)) return NOBODY;
  const names = socket instanceof TLSSocket ? certificateNames(socket) : [];
  return { ip: plainIp(socket.remoteAddress), certificateNames: names };
}

/** A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2). */
function plainIp(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
