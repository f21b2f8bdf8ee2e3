// SPDX-License-Identifier: Apache-2.0
// thaw clone: makes containers that continue from the present state of a running one.

import type { Client, CloneOptions, Engine } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { flag, stringOption, type Command, type Parsed } from '../../command.js';
import { UsageError } from '../../options/usage-error.js';

export const cloneCommand: Command = {
  name: 'clone',
  summary: 'Clone a running container with its memory',
  params: 'CONTAINER',
  examples: ['thaw clone web', 'thaw clone --count 3 --name worker web'],
  options: {
    count: { type: 'string', short: 'n', describe: 'Number of clones (default 1)' },
    name: {
      type: 'string',
      describe: "The clone's name; several clones get NAME-1, NAME-2, ...",
    },
    rm: { type: 'boolean', describe: 'Remove each clone when it has ended' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    const [container = ''] = parsed.positional;
    const clones = await engine.clone(container, cloneOptions(parsed), client);
    client.out(clones.map(({ name }) => `${name}\n`).join(''));
    return 0;
  },
};

function cloneOptions(parsed: Parsed): CloneOptions {
  const count = stringOption(parsed, 'count') ?? '1';
  if (!/^[1-9]\d{0,2}$/.test(count))
    throw new UsageError(`Cannot use --count ${count}: a whole number from 1 on is wanted`);
  return defined({
    count: Number(count),
    rm: flag(parsed, 'rm'),
    name: stringOption(parsed, 'name'),
  });
}
