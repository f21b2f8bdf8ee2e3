// SPDX-License-Identifier: Apache-2.0
// thaw create: a container that is started later.

import type { Command } from './command.js';
import { CREATE_OPTIONS, createOptions } from './container-options.js';

export const createCommand: Command = {
  name: 'create',
  summary: 'Make a container without starting it',
  params: '[--frozen NAME | IMAGE [COMMAND [ARG...]]]',
  examples: ['thaw create --name web --memory 512m web:latest', 'thaw start web'],
  options: CREATE_OPTIONS,
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const id = await engine.create(createOptions(parsed, client, 'create'), client);
    client.out(`${id}\n`);
    return 0;
  },
};
