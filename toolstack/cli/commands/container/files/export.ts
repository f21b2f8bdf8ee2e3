// SPDX-License-Identifier: Apache-2.0
// thaw export: writes a container's files as one tar archive.

import { stringOption, type Command } from '../../../command.js';
import { UsageError } from '../../../options/usage-error.js';

export const exportCommand: Command = {
  name: 'export',
  summary: "Write a container's files as a tar archive",
  params: 'CONTAINER',
  examples: ['thaw export web >web.tar', 'thaw export -o web.tar web'],
  options: {
    output: { type: 'string', short: 'o', describe: 'File to write (default standard output)' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [container = ''] = parsed.positional;
    const output = stringOption(parsed, 'output');
    if (output === undefined && client.isTerminal.stdout)
      throw new UsageError('Cannot write an archive to a terminal: use -o FILE, or a pipe');
    const outcome = await engine.exportFiles(container, output, client);
    return outcome.joined ? 0 : outcome.status;
  },
};
