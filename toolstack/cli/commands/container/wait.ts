// SPDX-License-Identifier: Apache-2.0
// thaw wait: waits until containers have ended.

import { describeError } from '../../../base/errors.js';
import type { Command } from '../../command.js';

export const waitCommand: Command = {
  name: 'wait',
  summary: 'Wait until containers have ended, and print their exit statuses',
  params: 'CONTAINER...',
  examples: ['thaw wait job'],
  options: {},
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run({ positional }, client, engine) {
    let status = 0;
    const waits = positional.map((name) => engine.wait(name, client));
    for (const result of await Promise.allSettled(waits)) {
      if (result.status === 'fulfilled') client.out(`${result.value}\n`);
      else {
        client.err(`thaw: ${describeError(result.reason)}\n`);
        status = 125;
      }
    }
    return status;
  },
};
