// SPDX-License-Identifier: Apache-2.0
// thawd's socket: who may come, and one session for each who does.

import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { errorCode, ThawError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Engine } from '../api/engine.js';
import { Inputs } from './input.js';
import { Session } from './session.js';

/** Opens the socket, root's alone (0600). Rejects with ERR_THAWD_RUNNING when another thawd answers there. */
export async function listen(path: string, engine: Engine, log: Log): Promise<Server> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const inputs = new Inputs(path);
  const server = createServer((socket) => new Session(socket, engine, log, inputs));
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600);
  return server;
}

/** Makes way for a new socket: removes one that nobody serves. Rejects with ERR_THAWD_RUNNING when somebody does. */
export async function claimSocket(path: string): Promise<void> {
  const isServed = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // A full queue of connections is somebody's queue.
    probe.once('error', (error) => resolve(errorCode(error) === 'EAGAIN'));
  });
  if (isServed)
    throw new ThawError('ERR_THAWD_RUNNING', `Another thawd serves ${path}: end it first`);
  await rm(path, { force: true });
}
