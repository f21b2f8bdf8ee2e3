// SPDX-License-Identifier: Apache-2.0
// thaw update: changes a container's size or restart policy.

import { defined } from '../../../base/defined.js';
import { stringOption, type Command } from '../../command.js';
import { pidsLimit } from '../../options/confinement.js';
import { restartPolicy } from '../../options/container.js';
import { UsageError } from '../../options/usage-error.js';
import { bytes, cpus } from '../../options/values.js';

export const updateCommand: Command = {
  name: 'update',
  summary: 'Change the limits of a container, also while it runs',
  params: 'CONTAINER',
  examples: ['thaw update --memory 512m --cpus 1.5 web', 'thaw update --restart always web'],
  options: {
    memory: { type: 'string', short: 'm', describe: "The domain's memory, such as 64m or 1g" },
    cpus: { type: 'string', describe: 'Number of CPUs, such as 2 or 0.5' },
    'pids-limit': { type: 'string', describe: 'Most processes, -1 for any number' },
    restart: {
      type: 'string',
      describe: 'Restart policy: no, on-failure[:N], always, unless-stopped',
    },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const options = defined({
      memoryBytes: bytes('--memory', stringOption(parsed, 'memory')),
      cpus: cpus(stringOption(parsed, 'cpus')),
      pidsLimit: pidsLimit(parsed),
      restart: restartPolicy(stringOption(parsed, 'restart')),
    });
    if (Object.keys(options).length === 0)
      throw new UsageError('thaw update takes at least one option: see thaw update --help');
    const [container = ''] = parsed.positional;
    client.out(`${await engine.update(container, options)}\n`);
    return 0;
  },
};
