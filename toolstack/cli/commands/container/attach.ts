// SPDX-License-Identifier: Apache-2.0
// thaw attach: joins the client's terminal or pipes to a running container.

import { flag, type Command } from '../../command.js';
import { applyDetachKeys, DETACH_OPTION } from '../../options/detach-keys.js';

export const attachCommand: Command = {
  name: 'attach',
  summary: 'Connect to the streams of a running container, and exit with its status',
  params: 'CONTAINER',
  examples: ['thaw attach web', 'thaw attach --no-stdin web'],
  options: {
    ...DETACH_OPTION,
    'no-stdin': { type: 'boolean', describe: 'Do not pass standard input to it' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    applyDetachKeys(parsed, client);
    const [name = ''] = parsed.positional;
    const outcome = await engine.attach(name, { stdin: !flag(parsed, 'no-stdin') }, client);
    return outcome.joined ? 0 : outcome.status;
  },
};
