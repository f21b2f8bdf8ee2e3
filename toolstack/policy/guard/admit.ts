// SPDX-License-Identifier: Apache-2.0
// Admits a command: its name, and the options that name host files.

import type { Client } from '../../api/engine.js';
import { useOf, verbOf } from '../rules/index.js';
import { CallerFiles, type ReadAs } from './files.js';
import type { Guard } from './guard.js';

type Gated = Pick<Client, 'admit' | 'files'>;

/**
 * Returns the parts of the client by which the command line asks the guard. `readAs` reads a file with the caller's rights. The command line
 * calls admit() before the command runs, so that all files are read by then.
 */
export function gated(guard: Guard, cwd: string, readAs: ReadAs): Gated {
  if (!guard.isLimited)
    return {
      admit: (command) => Promise.resolve().then(() => void guard.begin(verbOf(command))),
    };
  const files = new CallerFiles(cwd, readAs);
  return {
    files,
    admit: async (command, options) => {
      guard.begin(verbOf(command));
      for (const [name, values] of Object.entries(options)) {
        const texts = values.map(String);
        const use = useOf(command, name);
        if (use === undefined)
          throw guard.denied('default', `the option --${name} is root's alone`, []);
        if (use === 'host')
          guard.noHostPath(texts[0] ?? '', `leave out --${name}, or use standard input and output`);
        if (use === 'reads') for (const text of texts) await files.read(name, text);
      }
    },
  };
}
