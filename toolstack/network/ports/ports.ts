// SPDX-License-Identifier: Apache-2.0
// Holds the host ports of containers open, so that no other program takes them, and chooses free ones.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { errorCode } from '../../base/errors.js';
import type { PublishedPort } from '../attachment.js';
import { NetworkError } from '../errors.js';

type Held = { close: () => void; port: number };

export class HeldPorts {
  readonly #held = new Map<string, Held[]>();

  /**
   * Holds all of `ports` for `owner`, and resolves with them; a host port of 0 becomes a free one. Rejects with ERR_NETWORK_PORT when a port is in
   * use, and then holds none.
   */
  async hold(owner: string, ports: readonly PublishedPort[]): Promise<PublishedPort[]> {
    const held: Held[] = [];
    const found: PublishedPort[] = [];
    try {
      for (const port of ports) {
        const one = await open(port);
        held.push(one);
        found.push({ ...port, hostPort: one.port });
      }
    } catch (error) {
      for (const { close } of held) close();
      throw error;
    }
    this.release(owner);
    if (held.length > 0) this.#held.set(owner, held);
    return found;
  }

  /** Idempotent. */
  release(owner: string): void {
    for (const { close } of this.#held.get(owner) ?? []) close();
    this.#held.delete(owner);
  }
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'it is in use',
  EADDRNOTAVAIL: 'this host has no such address',
};

/** Opens a socket at the port. It never accepts a connection: packet rules send connections to the container. */
async function open(port: PublishedPort): Promise<Held> {
  const { hostIp, hostPort, protocol } = port;
  try {
    return await (protocol === 'tcp' ? openTcp(hostIp, hostPort) : openUdp(hostIp, hostPort));
  } catch (cause) {
    const why = REASONS[errorCode(cause) ?? ''];
    if (why !== undefined)
      throw new NetworkError('ERR_NETWORK_PORT', `Cannot publish ${showHost(port)}: ${why}`);
    throw new NetworkError('ERR_NETWORK_PORT', `Cannot publish ${showHost(port)}`, { cause });
  }
}

async function openTcp(host: string, port: number): Promise<Held> {
  const server: Server = createServer((socket) => socket.destroy());
  server.listen({ port, ...(host === '' ? {} : { host }), exclusive: true, backlog: 1 });
  await once(server, 'listening');
  server.unref();
  const address = server.address();
  return {
    close: () => server.close(),
    port: typeof address === 'object' && address ? address.port : port,
  };
}

async function openUdp(host: string, port: number): Promise<Held> {
  const isSix = host === '' ? existsSync('/proc/net/if_inet6') : host.includes(':');
  const socket: Socket = createSocket({ type: isSix ? 'udp6' : 'udp4', recvBufferSize: 4096 });
  socket.bind({ port, ...(host === '' ? {} : { address: host }), exclusive: true });
  await once(socket, 'listening');
  socket.unref();
  return { close: () => socket.close(), port: socket.address().port };
}

function showHost({ hostIp, hostPort, protocol }: PublishedPort): string {
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${host === '' ? '' : `${host}:`}${hostPort}/${protocol}`;
}
