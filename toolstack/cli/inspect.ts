// SPDX-License-Identifier: Apache-2.0
// thaw inspect: all that is known of containers.

import { describeError } from '../base/errors.js';
import { stringOption, type Command } from './command.js';
import { renderEach } from './format.js';
import { formatJson } from './table.js';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Print all that is known of containers',
  params: 'CONTAINER...',
  examples: ['thaw inspect web', "thaw inspect --format '{{.State.Status}} {{.Domain.Id}}' web"],
  options: {
    format: {
      type: 'string',
      short: 'f',
      describe: 'json, or a template such as {{.State.Status}} for each (default json)',
    },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const format = stringOption(parsed, 'format') ?? 'json';
    const asked = parsed.positional.map((name) => engine.inspect(name));
    const results = await Promise.allSettled(asked);
    const found = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    );
    client.out(format === 'json' ? formatJson(found) : renderEach(format, found));
    for (const result of results)
      if (result.status === 'rejected') client.err(`thaw: ${describeError(result.reason)}\n`);
    return found.length === results.length ? 0 : 125;
  },
};
