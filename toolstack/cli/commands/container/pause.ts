// SPDX-License-Identifier: Apache-2.0
// thaw pause and unpause: pauses and resumes containers.

import type { Command } from '../../command.js';
import { ALL_OPTION, forEach, targets } from './each.js';

export const pauseCommand: Command = {
  name: 'pause',
  summary: 'Pause containers until thaw unpause',
  params: 'CONTAINER...',
  examples: ['thaw pause web', 'thaw pause --all'],
  options: ALL_OPTION,
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const names = await targets('pause', parsed, engine, ['running']);
    return forEach(names, client, (name) => engine.pause(name));
  },
};

export const unpauseCommand: Command = {
  name: 'unpause',
  summary: 'Resume paused containers',
  params: 'CONTAINER...',
  examples: ['thaw unpause web'],
  options: ALL_OPTION,
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const names = await targets('unpause', parsed, engine, ['paused']);
    return forEach(names, client, (name) => engine.unpause(name));
  },
};
