// SPDX-License-Identifier: Apache-2.0
// Defines the null client, for containers that thawd starts and commands that it runs without a request from a client.

import type { Client } from '../../api/engine.js';

export const NULL_CLIENT: Client = {
  cwd: '/',
  env: {},
  rows: 0,
  cols: 0,
  signal: new AbortController().signal,
  isTerminal: { stdin: false, stdout: false, stderr: false },
  detachKeys: Buffer.alloc(0),
  out: () => undefined,
  err: () => undefined,
  drained: () => Promise.resolve(),
  input: () => {
    throw new Error('A start without a client has no input');
  },
  join: () => Promise.reject(new Error('A start without a client joins none')),
  standIn: () => Promise.reject(new Error('A start without a client leaves no stand-in')),
};
