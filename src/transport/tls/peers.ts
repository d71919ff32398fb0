import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { certificateThumbprint } from '@signum/token';
import type { Peer } from '../../call/head.ts';
import type { ProxiedConnections } from '../proxy/proxied-connections.ts';
import { unmappedIp } from '../proxy/trusted-proxies.ts';
import { certificateNames } from './certificate-names.ts';

/** Who is at the other end, found out once a connection: reading a certificate takes 20 µs. */
export interface Peers {
  of(socket: Duplex | undefined): Peer;
}

const NOBODY: Peer = { ip: '', certificateNames: [] };

export function createPeers(proxied: ProxiedConnections): Peers {
  const known = new WeakMap<Duplex, Peer>();
  return {
    of(socket) {
      if (socket === undefined) return NOBODY;
      let peer = known.get(socket);
      if (peer === undefined) {
        peer = peerOf(socket, proxied);
        known.set(socket, peer);
      }
      return peer;
    },
  };
}

export function peerOf(socket: Duplex, proxied: ProxiedConnections): Peer {
  if (!(socket instanceof Socket)) return NOBODY;
  const ip = proxied.sourceIpOf(socket) ?? unmappedIp(socket.remoteAddress);
  if (!(socket instanceof TLSSocket)) return { ip, certificateNames: [] };
  const certificate = socket.getPeerX509Certificate();
  return {
    ip,
    certificateNames: certificateNames(socket),
    certificateThumbprint: certificate && certificateThumbprint(certificate.raw),
  };
}
