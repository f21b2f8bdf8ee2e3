// SPDX-License-Identifier: Apache-2.0
// thaw kill: sends a signal to the processes of containers.

import { stringOption, type Command } from '../../command.js';
import { ALL_OPTION, forEach, targets } from './each.js';
import { signal } from '../../options/values.js';

export const killCommand: Command = {
  name: 'kill',
  summary: 'Send a signal to the processes of containers',
  params: 'CONTAINER...',
  examples: ['thaw kill web', 'thaw kill --signal TERM web'],
  options: {
    signal: {
      type: 'string',
      short: 's',
      describe: 'Name or number (default KILL)',
    },
    ...ALL_OPTION,
  },
  rewrite: ([first = '', ...rest]) =>
    /^-(\d+|[A-Z][A-Z0-9+-]+)$/.test(first)
      ? ['--signal', first.slice(1), ...rest]
      : [first, ...rest].filter((w, i) => i > 0 || w !== ''),
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const number = signal('--signal', stringOption(parsed, 'signal') ?? 'KILL');
    const names = await targets('kill', parsed, engine, ['running']);
    return forEach(names, client, (name) => engine.kill(name, number));
  },
};
