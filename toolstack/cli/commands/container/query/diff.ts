// SPDX-License-Identifier: Apache-2.0
// thaw diff: lists files that a container has added, changed or deleted.

import type { Change } from '../../../../api/engine.js';
import { stringOption, type Command } from '../../../command.js';
import { choice } from '../../../options/values.js';
import { plain } from '../../../../base/text.js';

const LETTERS: Record<Change['kind'], string> = { added: 'A', changed: 'C', deleted: 'D' };

export const diffCommand: Command = {
  name: 'diff',
  summary: 'List the files that a container has changed',
  params: 'CONTAINER',
  examples: ['thaw diff web', 'thaw diff --format json web'],
  options: {
    format: { type: 'string', describe: 'json for programs to read' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const format = choice('--format', stringOption(parsed, 'format'), ['json']);
    const [container = ''] = parsed.positional;
    const changes = await engine.changes(container, client);
    client.out(format === 'json' ? asJson(changes) : changes.map(asLine).join(''));
    return 0;
  },
};

function asLine({ kind, path }: Change): string {
  // The container chooses the names, and some characters control a terminal.
  return `${LETTERS[kind]} ${plain(path, '?')}\n`;
}

/** Returns an object with a list for each kind of change that occurs, as in podman. */
function asJson(changes: Change[]): string {
  const kinds = ['changed', 'added', 'deleted'] as const;
  const lists = kinds.map((kind): [string, string[]] => [
    kind,
    changes.filter((change) => change.kind === kind).map(({ path }) => path),
  ]);
  return `${JSON.stringify(Object.fromEntries(lists.filter(([, paths]) => paths.length > 0)), null, 5)}\n`;
}
