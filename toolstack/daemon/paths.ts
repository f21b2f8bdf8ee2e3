// SPDX-License-Identifier: Apache-2.0
// Where thawd finds and keeps things; every place can be set by an option.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';

export interface Paths {
  /** Containers, images and templates; lasts. */
  state: string;
  /** Sockets and what else does not outlive a reboot. */
  run: string;
  socket: string;
  /** vmlinux, initrd and cmdline. */
  guest: string;
  shim: string;
}

export interface Settings {
  paths: Paths;
  logLevel: string;
  /** How long a booting guest may take until its agent says hello, in milliseconds. */
  helloMs: number;
}

/** Reads thawd's own command line. Exits with help or a usage error as yargs does. */
export function parseSettings(words: string[]): Settings {
  const lib = fileURLToPath(new URL('../../..', import.meta.url));
  const options = yargs(words)
    .scriptName('thawd')
    .usage('$0 [OPTION...]\n\nThe daemon that thaw asks. Run as root in dom0.')
    .options({
      state: {
        type: 'string',
        default: '/var/lib/thaw',
        describe: 'Folder for containers, images, templates',
      },
      run: { type: 'string', default: '/run/thaw', describe: 'Folder for sockets' },
      socket: { type: 'string', describe: 'Socket for thaw (default RUN/thawd.sock)' },
      guest: {
        type: 'string',
        default: join(lib, 'guest'),
        describe: 'Folder with vmlinux, initrd, cmdline',
      },
      shim: { type: 'string', default: join(lib, 'bin/thaw-shim'), describe: 'Program thaw-shim' },
      'hello-timeout': {
        type: 'number',
        default: 60,
        describe: 'Seconds until a booting guest must have said hello',
      },
      'log-level': {
        choices: ['error', 'warn', 'info', 'debug'] as const,
        default: 'info' as const,
      },
    })
    .strict()
    .parseSync();
  const { state, run, guest, shim } = options;
  const socket = options.socket ?? process.env['THAW_SOCKET'] ?? join(run, 'thawd.sock');
  return {
    paths: { state, run, socket, guest, shim },
    logLevel: options['log-level'],
    helloMs: options['hello-timeout'] * 1000,
  };
}
