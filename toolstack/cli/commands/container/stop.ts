// SPDX-License-Identifier: Apache-2.0
// thaw stop and restart: stops containers, and starts them again.

import type { Parsed } from '../../command.js';
import { flag, stringOption, type Command } from '../../command.js';
import { ALL_OPTION, forEach, IGNORE_OPTION, targets } from './each.js';
import { whole } from '../../options/values.js';

const TIME_OPTION: Command['options'] = {
  time: {
    type: 'string',
    short: 't',
    describe: "Seconds until it is killed, -1 for never (default the container's own, or 10)",
  },
};

export const stopCommand: Command = {
  name: 'stop',
  summary: 'Ask containers to end, and kill those that do not',
  params: 'CONTAINER...',
  examples: ['thaw stop web', 'thaw stop --time 60 db', 'thaw stop --all'],
  options: { ...ALL_OPTION, ...TIME_OPTION, ...IGNORE_OPTION },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const seconds = timeOption(parsed);
    const names = await targets('stop', parsed, engine, ['running', 'paused', 'starting']);
    return forEach(names, client, (name) => engine.stop(name, seconds), {
      failureStatus: () => 125,
      ignoresMissing: flag(parsed, 'ignore'),
    });
  },
};

export const restartCommand: Command = {
  name: 'restart',
  summary: 'Stop containers, and start them',
  params: 'CONTAINER...',
  examples: ['thaw restart web', 'thaw restart --time 0 web'],
  options: { ...ALL_OPTION, ...TIME_OPTION },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const seconds = timeOption(parsed);
    const names = await targets('restart', parsed, engine, ['running', 'paused', 'exited', 'lost']);
    return forEach(names, client, (name) => engine.restart(name, seconds, client));
  },
};

function timeOption(parsed: Parsed): number | undefined {
  return whole('--time', stringOption(parsed, 'time'), -1, 86_400);
}
