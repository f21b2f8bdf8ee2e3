// SPDX-License-Identifier: Apache-2.0
// thawd's socket: it accepts root's connections, and starts a session for each.

import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { errorCode, ThawError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Engine } from '../api/engine.js';
import type { OciContainers } from '../frontends/oci/index.js';
import { Inputs } from './input.js';
import { Session } from './session.js';

/**
 * Opens the socket with mode 0600, or serves the socket `given` that systemd holds open (given-socket.ts). Rejects with the system's
 * error.
 */
export async function listen(
  path: string,
  engine: Engine,
  log: Log,
  { given, oci }: { given?: number | undefined; oci?: OciContainers } = {},
): Promise<Server> {
  const inputs = new Inputs(path);
  const server = createServer((socket) => new Session(socket, { engine, oci }, log, inputs));
  if (given === undefined) await openSocket(server, path);
  else await begin(server, () => server.listen({ fd: given }));
  return server;
}

async function openSocket(server: Server, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const before = process.umask(0o177);
  try {
    await begin(server, () => server.listen(path));
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600);
}

async function begin(server: Server, listen: () => void): Promise<void> {
  const listening = once(server, 'listening');
  listen();
  await listening;
}

/** Removes a socket that no process serves. Rejects with ERR_THAWD_RUNNING where one does. */
export async function claimSocket(path: string): Promise<void> {
  const isServed = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // A full queue of connections means that a process listens.
    probe.once('error', (error) => resolve(errorCode(error) === 'EAGAIN'));
  });
  if (isServed)
    throw new ThawError('ERR_THAWD_RUNNING', `Another thawd serves ${path}: end it first`);
  await rm(path, { force: true });
}
