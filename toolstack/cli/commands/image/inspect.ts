// SPDX-License-Identifier: Apache-2.0
// thaw image inspect and history: prints details of images.

import type { ImageHistory, ImageInspected } from '../../../api/engine.js';
import { formatAge, formatBytes, plain } from '../../../base/text.js';
import { flag, stringOption, type Command } from '../../command.js';
import { renderEach } from '../../output/format.js';
import { NONE } from './filter.js';
import { inspectEach } from '../container/query/inspect.js';
import { formatJson, formatTable } from '../../output/table.js';

export const imageInspectCommand: Command = {
  name: 'image inspect',
  summary: 'Print all details of images',
  params: 'IMAGE...',
  examples: ["thaw image inspect --format '{{.Id}} {{.Config.Cmd}}' debian:13"],
  options: {
    format: {
      type: 'string',
      short: 'f',
      describe: 'json, or a template such as {{.Id}} for each (default json)',
    },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run: (parsed, client, engine) =>
    inspectEach(parsed, client, (name) => engine.inspectImage(name, client)),
};

export const historyCommand: Command = {
  name: 'history',
  summary: 'Show the build steps of an image, the latest first',
  params: 'IMAGE',
  examples: ['thaw history debian:13', "thaw history --format '{{.CreatedBy}}' --no-trunc web"],
  options: {
    quiet: { type: 'boolean', short: 'q', describe: 'Only ids' },
    'no-trunc': { type: 'boolean', describe: 'Whole ids and commands' },
    format: { type: 'string', describe: 'json, or a template such as {{.CreatedBy}}' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const image = await engine.inspectImage(parsed.positional[0] ?? '', client);
    const steps = image.History.toReversed();
    const rows = steps.map((step, i) => row(image, step, i, flag(parsed, 'no-trunc')));
    const format = stringOption(parsed, 'format');
    if (format === 'json') client.out(formatJson(steps));
    else if (format !== undefined) client.out(renderEach(format, rows));
    else if (flag(parsed, 'quiet')) client.out(rows.map(({ ID }) => `${ID}\n`).join(''));
    else {
      const cells = rows.map((r) => [r.ID, r.CreatedSince, r.CreatedBy, r.Size, r.Comment]);
      client.out(formatTable(['ID', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'], cells));
    }
    return 0;
  },
};

/** Returns the fields of one step. Only the last step has the image's id: the steps before are no images. */
function row({ Id }: ImageInspected, step: ImageHistory, index: number, isWhole: boolean) {
  const age = Date.now() - Date.parse(step.created);
  const by = plain(step.created_by);
  return {
    ID: index > 0 ? NONE : isWhole ? Id : Id.slice(0, 12),
    Created: step.created,
    CreatedSince: Number.isFinite(age) ? formatAge(age) : '-',
    CreatedBy: isWhole || by.length <= 45 ? by : `${by.slice(0, 44)}…`,
    Size: formatBytes(step.size),
    Comment: plain(step.comment),
  };
}
