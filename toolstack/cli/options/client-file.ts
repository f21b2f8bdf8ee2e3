// SPDX-License-Identifier: Apache-2.0
// Reads files that a client names on its command line, relative to the client's folder. thawd trusts nothing but their text.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Client } from '../../api/engine.js';
import { describeError } from '../../base/errors.js';
import { UsageError } from './usage-error.js';

const MOST = 2 ** 20;

/** Reads a regular file of at most 1 MiB; reading a fifo or a device would block thawd. Throws UsageError. */
export function readClientFile(option: string, path: string, client: Client): string {
  let fd: number | undefined;
  try {
    if (client.files) return client.files.text(resolve(client.cwd, path));
    fd = openSync(resolve(client.cwd, path), constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) throw new UsageError('it is no ordinary file');
    return readAll(fd);
  } catch (error) {
    throw new UsageError(`Cannot use ${option} ${path}: ${describeError(error)}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readAll(fd: number): string {
  const bytes = Buffer.alloc(MOST + 1);
  let length = 0;
  for (;;) {
    const got = readSync(fd, bytes, length, bytes.length - length, null);
    length += got;
    if (length > MOST) throw new UsageError(`it has more than ${MOST} bytes`);
    if (got === 0) return bytes.toString('utf8', 0, length);
  }
}
