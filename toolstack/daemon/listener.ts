// SPDX-License-Identifier: Apache-2.0
// thawd's socket: it accepts connections, and starts a session for each.

import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { errorCode, ThawError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Engine } from '../api/engine.js';
import { Inputs } from './input.js';
import { Session, type Served } from './session.js';

/**
 * Opens the socket with mode 0600, or serves the socket `given` that systemd holds open (given-socket.ts). Rejects with the system's
 * error.
 */
export async function listen(
  path: string,
  engine: Engine,
  log: Log,
  { given, ...more }: { given?: number | undefined } & Omit<Served, 'engine'> = {},
): Promise<Server> {
  const inputs = new Inputs(path);
  const served = { engine, ...more };
  const server = createServer((socket) => accept(socket, served, log, inputs));
  if (given === undefined) await openSocket(server, path);
  else await begin(server, () => server.listen({ fd: given }));
  return server;
}

function accept(socket: Socket, served: Served, log: Log, inputs: Inputs): void {
  try {
    served.gate?.crowd.enter(socket);
    new Session(socket, served, log, inputs);
  } catch (error) {
    log.warn('Refusing a connection', { error });
    socket.destroy();
  }
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
