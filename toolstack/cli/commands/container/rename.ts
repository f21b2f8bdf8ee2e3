// SPDX-License-Identifier: Apache-2.0
// thaw rename: gives a container another name.

import type { Command } from '../../command.js';

export const renameCommand: Command = {
  name: 'rename',
  summary: 'Rename a container and its domain',
  params: 'CONTAINER NAME',
  examples: ['thaw rename web web-old'],
  options: {},
  positionals: { min: 2, max: 2 },
  failureStatus: 125,
  async run({ positional: [container = '', name = ''] }, _client, engine) {
    await engine.rename(container, name);
    return 0;
  },
};
