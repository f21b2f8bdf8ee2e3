// SPDX-License-Identifier: Apache-2.0
// Bounds the connections of each user without root's rights, so that no user takes thawd's memory from all.

import type { Socket } from 'node:net';
import { ThawError } from '../base/errors.js';
import { isRoot } from '../policy/index.js';
import { callerOf } from './peer.js';

const CONNECTIONS_MAX = 64;

export class Crowd {
  readonly #counts = new Map<number, number>();

  /** Counts the connection until it closes. Throws ERR_TOO_MANY_CLIENTS. */
  enter(socket: Socket): void {
    const { uid } = callerOf(socket);
    if (isRoot({ uid })) return;
    const count = (this.#counts.get(uid) ?? 0) + 1;
    if (count > CONNECTIONS_MAX)
      throw new ThawError(
        'ERR_TOO_MANY_CLIENTS',
        `User ${uid} has ${CONNECTIONS_MAX} connections: end one of these commands`,
      );
    this.#counts.set(uid, count);
    socket.once('close', () => this.#leave(uid));
  }

  #leave(uid: number): void {
    const left = (this.#counts.get(uid) ?? 0) - 1;
    if (left > 0) this.#counts.set(uid, left);
    else this.#counts.delete(uid);
  }
}
