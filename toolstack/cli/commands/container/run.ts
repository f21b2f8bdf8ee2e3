// SPDX-License-Identifier: Apache-2.0
// thaw run: runs a command in a new container.

import type { Client, Engine } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { withCidFile } from './files/cid-file.js';
import { flag, type Command, type Parsed } from '../../command.js';
import { CREATE_OPTIONS, createOptions, terminalOptions } from '../../options/container.js';
import { applyDetachKeys, DETACH_OPTION } from '../../options/detach-keys.js';
import { withNewPod } from '../../options/pod.js';

export const runCommand: Command = {
  name: 'run',
  summary: 'Run a command in a new container',
  params: '[--frozen NAME | IMAGE [COMMAND [ARG...]]]',
  examples: [
    'thaw run --rm -it docker://docker.io/library/debian:13 bash',
    'echo data | thaw run --rm -i oci:./image:latest cat',
    'thaw run -d --name web --restart always --memory 512m --cpus 2 -e PORT=80 web:latest',
  ],
  options: {
    detach: {
      type: 'boolean',
      short: 'd',
      describe: "Run in the background and print the container's id",
    },
    ...DETACH_OPTION,
    ...CREATE_OPTIONS,
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    const detach = flag(parsed, 'detach');
    applyDetachKeys(parsed, client);
    const options = createOptions(parsed, client, 'run');
    // A detached container uses no terminal of the client.
    if (!detach) terminalOptions(parsed, client);
    const outcome = await withCidFile(parsed, client, (onId) =>
      withNewPod(options, engine, (own) => engine.run(defined({ ...own, detach, onId }), client)),
    );
    if (outcome.joined) return 0;
    if (outcome.id !== undefined) client.out(`${outcome.id}\n`);
    return outcome.status;
  },
};
