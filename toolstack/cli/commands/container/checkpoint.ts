// SPDX-License-Identifier: Apache-2.0
// thaw checkpoint and restore: writes a running container to a file, and makes a container from such a file.

import type { Client, Engine } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../command.js';
import { portRequests } from '../../options/network.js';
import { nonEmpty } from '../../options/values.js';
import { UsageError } from '../../options/usage-error.js';

export const checkpointCommand: Command = {
  name: 'checkpoint',
  summary: 'Write a running container with its memory to a file, and end it',
  params: 'CONTAINER',
  examples: [
    'thaw checkpoint --export web.ckpt web',
    'thaw checkpoint --export web.ckpt --leave-running web',
  ],
  options: {
    export: {
      type: 'string',
      short: 'e',
      describe: 'File to write; an existing file is replaced',
    },
    'leave-running': {
      type: 'boolean',
      short: 'R',
      describe: 'Keep the container running',
    },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    const [container = ''] = parsed.positional;
    const path = fileOf(parsed, 'export', 'where the container is to go');
    const leavesRunning = flag(parsed, 'leave-running');
    await engine.checkpoint(container, { path, leavesRunning }, client);
    client.out(`${container}\n`);
    return 0;
  },
};

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'Make a container from the file of a checkpoint',
  params: '',
  examples: [
    'thaw restore --import web.ckpt',
    'thaw restore --import web.ckpt --name web2 -p 8081:80',
  ],
  options: {
    import: { type: 'string', short: 'i', describe: 'File that thaw checkpoint wrote' },
    name: { type: 'string', short: 'n', describe: "The container's name (default its old name)" },
    publish: {
      type: 'string',
      short: 'p',
      describe: 'Replace its ports: [[IP:][HOSTPORT]:]PORT[/udp]; may be repeated',
    },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    const path = fileOf(parsed, 'import', 'what is to go on');
    const ports = stringList(parsed, 'publish').flatMap(portRequests);
    const id = await engine.restore(
      defined({
        path,
        name: stringOption(parsed, 'name'),
        ports: nonEmpty(ports),
      }),
      client,
    );
    client.out(`${id}\n`);
    return 0;
  },
};

/**
 * Returns the file of a checkpoint. Throws UsageError without the option: thaw keeps no checkpoints beside containers, as podman does without a file.
 */
function fileOf(parsed: Parsed, option: string, what: string): string {
  const path = stringOption(parsed, option);
  if (path !== undefined && path !== '') return path;
  throw new UsageError(`Cannot do without --${option} FILE: it says ${what}`);
}
