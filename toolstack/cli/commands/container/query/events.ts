// SPDX-License-Identifier: Apache-2.0
// thaw events: prints changes of containers as they happen.

import type { ThawEvent } from '../../../../api/engine.js';
import { defined } from '../../../../base/defined.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../../command.js';
import { renderEach } from '../../../output/format.js';
import { UsageError } from '../../../options/usage-error.js';
import { pairs, time } from '../../../options/values.js';

export const eventsCommand: Command = {
  name: 'events',
  summary: 'Print events of containers',
  params: '',
  examples: [
    'thaw events',
    'thaw events --since 1h --no-follow',
    'thaw events --filter event=died',
  ],
  options: {
    since: { type: 'string', describe: 'Begin with events since then, such as 10m (ago)' },
    until: { type: 'string', describe: 'End at that time' },
    'no-follow': { type: 'boolean', describe: 'Do not wait for further events' },
    filter: {
      type: 'string',
      short: 'f',
      describe: 'Only those with event=NAME, container=NAME or image=NAME; may be repeated',
    },
    format: { type: 'string', describe: 'json, or a template such as {{.Action}} {{.Name}}' },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const format = stringOption(parsed, 'format');
    const isWanted = eventFilter(parsed);
    await engine.events(
      defined({
        since: time('--since', stringOption(parsed, 'since')),
        until: time('--until', stringOption(parsed, 'until')),
        follow: !flag(parsed, 'no-follow'),
        tell: (event: ThawEvent) => {
          if (isWanted(event)) client.out(show(event, format));
        },
      }),
      client,
    );
    return 0;
  },
};

/** Returns a filter that an event passes if it matches one value of each key. */
function eventFilter(parsed: Parsed): (event: ThawEvent) => boolean {
  const wanted: Record<string, string[]> = {};
  for (const item of stringList(parsed, 'filter')) {
    const [[key, value] = ['', '']] = Object.entries(pairs('--filter', [item]));
    if (!['event', 'container', 'image'].includes(key))
      throw new UsageError(`Cannot use --filter ${item}: event, container, image are allowed`);
    (wanted[key] ??= []).push(value);
  }
  return ({ action, name, id, image }) =>
    (wanted['event']?.includes(action) ?? true) &&
    (wanted['image']?.includes(image) ?? true) &&
    (wanted['container']?.some((key) => key === name || id.startsWith(key)) ?? true);
}

function show(event: ThawEvent, format: string | undefined): string {
  const { time: ms, type, action, id, name, image, exitStatus, health, reason } = event;
  const at = new Date(ms).toISOString();
  const fields = defined({
    Time: at,
    Type: type,
    Action: action,
    ID: id,
    Name: name,
    Image: image,
    ExitCode: exitStatus,
    HealthStatus: health,
    Reason: reason,
  });
  if (format === 'json') return `${JSON.stringify(fields)}\n`;
  if (format !== undefined) return renderEach(format, [fields]);
  const exit = exitStatus === undefined ? '' : `, exitCode=${exitStatus}`;
  const well = health === undefined ? '' : `, health_status=${health}`;
  const why = reason === undefined ? '' : `, reason=${reason}`;
  return `${at} ${type} ${action} ${id} (image=${image}, name=${name}${exit}${well}${why})\n`;
}
