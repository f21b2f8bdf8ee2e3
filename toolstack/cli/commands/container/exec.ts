// SPDX-License-Identifier: Apache-2.0
// thaw exec: runs a command in a running container.

import type { Client, Engine, ExecOptions } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../command.js';
import { applyDetachKeys, DETACH_OPTION } from '../../options/detach-keys.js';
import { UsageError } from '../../options/usage-error.js';
import { terminalOptions } from '../../options/container.js';

export const execCommand: Command = {
  name: 'exec',
  summary: 'Run a command in a running container',
  params: 'CONTAINER COMMAND [ARG...]',
  examples: [
    'thaw exec web ps',
    'thaw exec -it web sh',
    'echo data | thaw exec -i -u app -w /tmp web tee file',
  ],
  options: {
    ...DETACH_OPTION,
    interactive: { type: 'boolean', short: 'i', describe: 'Pass standard input to the command' },
    tty: { type: 'boolean', short: 't', describe: 'Give the command a terminal' },
    detach: {
      type: 'boolean',
      short: 'd',
      describe: 'Run in the background; its output is not kept',
    },
    env: {
      type: 'string',
      short: 'e',
      describe: "Set K=V beside the container's environment, or pass K on; may be repeated",
    },
    workdir: { type: 'string', short: 'w', describe: 'Folder to start in' },
    user: {
      type: 'string',
      short: 'u',
      describe: 'USER[:GROUP], names of the image or numbers',
    },
  },
  positionals: { min: 2, max: Infinity },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    applyDetachKeys(parsed, client);
    const [container = '', ...command] = parsed.positional;
    const outcome = await engine.exec(container, execOptions(command, parsed, client), client);
    return outcome.joined ? 0 : outcome.status;
  },
};

function execOptions(command: string[], parsed: Parsed, client: Client): ExecOptions {
  const detach = flag(parsed, 'detach');
  const { interactive, tty } = terminalOptions(parsed, client);
  if (detach && interactive)
    throw new UsageError(
      'Cannot use --detach with --interactive: no client would send it standard input',
    );
  return defined({
    command,
    interactive,
    tty,
    detach,
    env: stringList(parsed, 'env').map(checkEnv),
    workdir: checkFolder(stringOption(parsed, 'workdir')),
    user: stringOption(parsed, 'user'),
  });
}

function checkEnv(item: string): string {
  if (item !== '' && !item.startsWith('=')) return item;
  throw new UsageError(`Cannot use --env "${item}": write it as K=V, or K`);
}

function checkFolder(path: string | undefined): string | undefined {
  if (path === undefined || path.startsWith('/')) return path;
  throw new UsageError(`Cannot use --workdir "${path}": give an absolute path`);
}
