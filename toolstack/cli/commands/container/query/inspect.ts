// SPDX-License-Identifier: Apache-2.0
// thaw inspect: prints all details of containers and images.

import type { Client } from '../../../../api/engine.js';
import { describeError, errorCode } from '../../../../base/errors.js';
import { stringOption, type Command, type Parsed } from '../../../command.js';
import { renderEach } from '../../../output/format.js';
import { formatJson } from '../../../output/table.js';
import { choice } from '../../../options/values.js';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Print all details of containers or images',
  params: 'CONTAINER|IMAGE...',
  examples: [
    'thaw inspect web',
    "thaw inspect --format '{{.State.Status}} {{.Domain.Id}}' web",
    'thaw inspect --type image debian:13',
  ],
  options: {
    format: {
      type: 'string',
      short: 'f',
      describe: 'json, or a template such as {{.State.Status}} for each (default json)',
    },
    type: {
      type: 'string',
      describe: 'container, image, or all: a container, or else an image (default all)',
    },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run(parsed, client, engine) {
    const types = ['all', 'container', 'image'] as const;
    const type = choice('--type', stringOption(parsed, 'type'), types) ?? 'all';
    return inspectEach(parsed, client, async (name) => {
      if (type === 'image') return engine.inspectImage(name, client);
      try {
        return await engine.inspect(name);
      } catch (error) {
        if (type === 'container' || errorCode(error) !== 'ERR_CONTAINER_NOT_FOUND') throw error;
        // If there is neither, report the error of the missing container.
        return engine.inspectImage(name, client).catch(() => {
          throw error;
        });
      }
    });
  },
};

/** Prints the result of `inspect` for each name by --format, and a line on stderr for each failure. Resolves with the exit status. */
export async function inspectEach(
  parsed: Parsed,
  client: Client,
  inspect: (name: string) => Promise<object>,
): Promise<number> {
  const format = stringOption(parsed, 'format') ?? 'json';
  const results = await Promise.allSettled(parsed.positional.map(inspect));
  const found = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  client.out(format === 'json' ? formatJson(found) : renderEach(format, found));
  for (const result of results)
    if (result.status === 'rejected') client.err(`thaw: ${describeError(result.reason)}\n`);
  return found.length === results.length ? 0 : 125;
}
