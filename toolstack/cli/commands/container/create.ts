// SPDX-License-Identifier: Apache-2.0
// thaw create: makes a container for a later thaw start.

import { defined } from '../../../base/defined.js';
import { withCidFile } from './files/cid-file.js';
import type { Command } from '../../command.js';
import { CREATE_OPTIONS, createOptions } from '../../options/container.js';
import { withNewPod } from '../../options/pod.js';

export const createCommand: Command = {
  name: 'create',
  summary: 'Make a container without starting it',
  params: '[--frozen NAME | IMAGE [COMMAND [ARG...]]]',
  examples: ['thaw create --name web --memory 512m web:latest', 'thaw start web'],
  options: CREATE_OPTIONS,
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const options = createOptions(parsed, client, 'create');
    const id = await withCidFile(parsed, client, (onId) =>
      withNewPod(options, engine, (own) => engine.create(defined({ ...own, onId }), client)),
    );
    client.out(`${id}\n`);
    return 0;
  },
};
