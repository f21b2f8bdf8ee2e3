// SPDX-License-Identifier: Apache-2.0
// thaw rm and prune: removes containers with all their data.

import { errorCode } from '../../../base/errors.js';
import { flag, stringOption, type Command } from '../../command.js';
import { ALL_OPTION, forEach, IGNORE_OPTION, targets } from './each.js';
import { whole } from '../../options/values.js';

export const rmCommand: Command = {
  name: 'rm',
  summary: 'Remove containers',
  params: 'CONTAINER...',
  examples: ['thaw rm web', 'thaw rm --force web', 'thaw rm --all'],
  options: {
    ...ALL_OPTION,
    force: {
      type: 'boolean',
      short: 'f',
      describe: 'Also remove running ones; a missing one is no error',
    },
    ...IGNORE_OPTION,
    volumes: {
      type: 'boolean',
      short: 'v',
      describe: 'Also remove their anonymous volumes',
    },
    time: {
      type: 'string',
      short: 't',
      describe: 'Stop running ones first, and kill them after so many seconds; implies --force',
    },
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const seconds = whole('--time', stringOption(parsed, 'time'), -1, 86_400);
    const force = flag(parsed, 'force') || seconds !== undefined;
    const ended = ['created', 'exited', 'lost'] as const;
    const names = await targets(
      'rm',
      parsed,
      engine,
      force ? [...ended, 'running', 'paused'] : ended,
    );
    const remove = async (name: string): Promise<void> => {
      if (seconds !== undefined) await engine.stop(name, seconds);
      await engine.remove(name, force, flag(parsed, 'volumes'));
    };
    return forEach(names, client, remove, {
      // podman's statuses: 1 for a missing container, 2 for a running one.
      failureStatus: (error) => STATUSES[errorCode(error) ?? ''] ?? 125,
      ignoresMissing: flag(parsed, 'ignore') || flag(parsed, 'force'),
    });
  },
};

const STATUSES: Record<string, number> = { ERR_CONTAINER_NOT_FOUND: 1, ERR_CONTAINER_STATE: 2 };

export const pruneCommand: Command = {
  name: 'prune',
  summary: 'Remove all containers that do not run',
  params: '',
  examples: ['thaw prune'],
  options: {},
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  run(_parsed, client, engine) {
    const ended = engine
      .list(true)
      .filter(({ state }) => ['created', 'exited', 'lost'].includes(state));
    const ids = ended.map(({ id }) => id);
    return forEach(ids, client, (id) => engine.remove(id, false));
  },
};
