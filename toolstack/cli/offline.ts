// SPDX-License-Identifier: Apache-2.0
// Runs when no thawd answers the launcher: help, version, doctor, config and completion work in this program.

import type { Client, Engine } from '../api/engine.js';
import { ThawError } from '../base/errors.js';
import { runCommandLine } from './main.js';

const client: Client = {
  cwd: process.cwd(),
  env: Object.fromEntries(Object.entries(process.env).map(([key, value]) => [key, value ?? ''])),
  isTerminal: {
    stdin: process.stdin.isTTY,
    stdout: process.stdout.isTTY,
    stderr: process.stderr.isTTY,
  },
  rows: 0,
  cols: process.stdout.isTTY ? process.stdout.columns : 0,
  detachKeys: Buffer.alloc(0),
  signal: new AbortController().signal,
  out: (data) => void process.stdout.write(data),
  err: (text) => void process.stderr.write(text),
  drained: () => Promise.resolve(),
  input: () => {
    throw noThawd();
  },
  join: () => Promise.reject(noThawd()),
  standIn: () => Promise.reject(noThawd()),
};

/** An engine whose calls all fail with ERR_NO_THAWD. */
const engine = new Proxy({} as Engine, {
  get: () => () => {
    throw noThawd();
  },
});

function noThawd(): ThawError {
  return new ThawError(
    'ERR_NO_THAWD',
    'thawd is not running: start it with systemctl start thawd (or: thawd &)',
  );
}

process.exitCode = await runCommandLine(process.argv.slice(2), client, engine);
