// SPDX-License-Identifier: Apache-2.0
// thaw start: starts containers that do not run.

import { flag, type Command } from '../../command.js';
import { applyDetachKeys, DETACH_OPTION } from '../../options/detach-keys.js';
import { forEach, targets } from './each.js';
import { UsageError } from '../../options/usage-error.js';

export const startCommand: Command = {
  name: 'start',
  summary: 'Start containers that do not run',
  params: 'CONTAINER...',
  examples: ['thaw start web', 'thaw start --attach --interactive shell'],
  options: {
    ...DETACH_OPTION,
    attach: {
      type: 'boolean',
      short: 'a',
      describe: 'Print its output, and exit with its status',
    },
    interactive: {
      type: 'boolean',
      short: 'i',
      describe: 'Pass standard input to it, if it was made with --interactive',
    },
    all: { type: 'boolean', describe: 'All that do not run' },
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    applyDetachKeys(parsed, client);
    const [attach, interactive] = [flag(parsed, 'attach'), flag(parsed, 'interactive')];
    const names = await targets('start', parsed, engine, ['created', 'exited', 'lost']);
    if (!attach && !interactive) {
      const options = { attach: false, interactive: false };
      return forEach(names, client, (name) => engine.start(name, options, client));
    }
    const [name = '', second] = names;
    if (second !== undefined)
      throw new UsageError(`Cannot use --attach with ${second}: it takes one container`);
    const outcome = await engine.start(name, { attach: true, interactive }, client);
    return outcome.joined ? 0 : outcome.status;
  },
};
