// SPDX-License-Identifier: Apache-2.0
// thaw logs: prints a container's output, past and present.

import type { LogOptions } from '../../../../api/engine.js';
import { defined } from '../../../../base/defined.js';
import { flag, stringOption, type Command, type Parsed } from '../../../command.js';
import { time, whole } from '../../../options/values.js';

export const logsCommand: Command = {
  name: 'logs',
  summary: "Print a container's output",
  params: 'CONTAINER',
  examples: ['thaw logs web', 'thaw logs --follow --tail 20 web', 'thaw logs --since 10m -t web'],
  options: {
    follow: { type: 'boolean', short: 'f', describe: 'Go on until the container has ended' },
    tail: { type: 'string', short: 'n', describe: 'Only so many lines from the end (default all)' },
    since: {
      type: 'string',
      describe: 'Only lines after a time, such as 10m (ago) or 2026-01-31T12:00:00Z',
    },
    until: { type: 'string', describe: 'Only lines before a time' },
    timestamps: { type: 'boolean', short: 't', describe: 'Begin each line with its time' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    await engine.logs(parsed.positional[0] ?? '', logOptions(parsed), client);
    return 0;
  },
};

function logOptions(parsed: Parsed): LogOptions {
  const tail = stringOption(parsed, 'tail');
  const lines = tail === 'all' ? undefined : whole('--tail', tail, -1);
  return defined({
    follow: flag(parsed, 'follow'),
    timestamps: flag(parsed, 'timestamps'),
    tail: lines === -1 ? undefined : lines,
    since: time('--since', stringOption(parsed, 'since')),
    until: time('--until', stringOption(parsed, 'until')),
  });
}
