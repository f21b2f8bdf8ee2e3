// SPDX-License-Identifier: Apache-2.0
// thaw cp: copies files between containers and the host.

import type { CopyEnd } from '../../../../api/engine.js';
import { flag, type Command } from '../../../command.js';
import { UsageError } from '../../../options/usage-error.js';

export const copyCommand: Command = {
  name: 'cp',
  summary: 'Copy files between a container and the host',
  params: 'CONTAINER:PATH|PATH|- CONTAINER:PATH|PATH|-',
  examples: [
    'thaw cp web:/var/log/app.log .',
    'thaw cp ./site/. web:/srv/www',
    'thaw cp web:/etc - | tar -t',
  ],
  options: {
    archive: {
      type: 'boolean',
      short: 'a',
      describe: "Give files to the container's user (default); =false keeps their owners",
    },
    overwrite: {
      type: 'boolean',
      describe: 'Let files replace folders, and folders files',
    },
  },
  positionals: { min: 2, max: 2 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [from, to] = parsed.positional.map(endOf);
    if (!from || !to || (from.kind !== 'container' && to.kind !== 'container'))
      throw new UsageError(
        'Cannot copy: one side must be CONTAINER:PATH; a path of the host with a colon begins with ./ or /',
      );
    const outcome = await engine.copy(
      {
        from,
        to,
        overwrites: flag(parsed, 'overwrite'),
        keepsOwners: parsed.options['archive']?.at(-1) === false,
      },
      client,
    );
    return outcome.joined ? 0 : outcome.status;
  },
};

/** Reads `CONTAINER:PATH`, with PATH below the container's root. A word that begins with `.` or `/` is a path of the host. */
export function endOf(word: string): CopyEnd {
  if (word === '-') return { kind: 'stream' };
  const [, container, path = ''] = /^([^./][^:/]*):(.*)$/s.exec(word) ?? [];
  if (word === '' || (container !== undefined && path === ''))
    throw new UsageError(`Cannot copy "${word}": a path is wanted`);
  if (container === undefined) return { kind: 'host', path: word };
  return { kind: 'container', container, path: path.startsWith('/') ? path : `/${path}` };
}
