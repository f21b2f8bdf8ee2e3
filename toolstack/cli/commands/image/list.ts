// SPDX-License-Identifier: Apache-2.0
// thaw images: lists images.

import type { ImageSummary } from '../../../api/engine.js';
import { formatAge, formatBytes } from '../../../base/text.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../command.js';
import { renderEach } from '../../output/format.js';
import { fitsName, globPattern, imageFilter, NONE, splitName } from './filter.js';
import { formatJson, formatTable } from '../../output/table.js';

export const imagesCommand: Command = {
  name: 'images',
  summary: 'List images',
  params: '[NAME]',
  examples: [
    'thaw images',
    'thaw images --filter dangling=true --quiet',
    "thaw images --format '{{.Repository}}:{{.Tag}} {{.Size}}' 'debian*'",
  ],
  options: {
    all: { type: 'boolean', short: 'a', describe: 'Accepted for podman: thaw hides no image' },
    filter: {
      type: 'string',
      short: 'f',
      describe: 'dangling=, reference=, before=, since=, label= or id=VALUE; may be repeated',
    },
    quiet: { type: 'boolean', short: 'q', describe: 'Only their ids' },
    'no-trunc': { type: 'boolean', describe: 'Whole ids' },
    digests: { type: 'boolean', describe: "Also their manifests' digests" },
    noheading: { type: 'boolean', short: 'n', describe: 'Print no column headings' },
    json: { type: 'boolean', describe: 'Print JSON, as --format json does' },
    format: {
      type: 'string',
      describe: 'json, or a template such as {{.Repository}} or table {{.ID}}\\t{{.Size}}',
    },
  },
  positionals: { min: 0, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const isWanted = await imageFilter(stringList(parsed, 'filter'), engine, client);
    const [name] = parsed.positional;
    const pattern = name === undefined ? undefined : globPattern(name);
    const images = (await engine.images()).filter(isWanted);
    client.out(show(pattern ? images.flatMap((image) => only(image, pattern)) : images, parsed));
    return 0;
  },
};

/** Returns the image with the names that the pattern matches; an empty list where there is none. */
function only(image: ImageSummary, pattern: RegExp): ImageSummary[] {
  const names = image.names.filter((name) => fitsName(pattern, name));
  return names.length > 0 ? [{ ...image, names }] : [];
}

function show(images: ImageSummary[], parsed: Parsed): string {
  const format = stringOption(parsed, 'format');
  const isWhole = flag(parsed, 'no-trunc');
  if (format === 'json' || flag(parsed, 'json')) return formatJson(images);
  const rows = images.flatMap((image) => rowsOf(image, isWhole));
  if (format !== undefined) return renderEach(format, rows);
  if (flag(parsed, 'quiet')) return images.map((image) => `${shortId(image, isWhole)}\n`).join('');
  const digests = flag(parsed, 'digests');
  const cells = rows.map((row) => [
    ...[row.Repository, row.Tag, ...(digests ? [row.Digest || NONE] : [])],
    ...[row.ID, row.CreatedSince || '-', row.Size],
  ]);
  const head = ['REPOSITORY', 'TAG', ...(digests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE'];
  const text = formatTable(head, cells);
  return flag(parsed, 'noheading') ? text.slice(text.indexOf('\n') + 1) : text;
}

/** Returns the fields of --format: one set for each name, as in podman. */
function rowsOf(image: ImageSummary, isWhole: boolean) {
  const names = image.names.length > 0 ? image.names : [NONE];
  const age = Date.now() - Date.parse(image.created);
  const since = Number.isFinite(age) ? formatAge(age) : '';
  return names.map((name) => {
    const { repository, tag } = splitName(name);
    return {
      Repository: repository,
      Tag: tag,
      Name: name,
      Names: image.names,
      ID: shortId(image, isWhole),
      Id: image.id.replace(/^sha256:/, ''),
      Digest: image.digest,
      CreatedAt: image.created,
      Created: since,
      CreatedSince: since,
      Size: formatBytes(image.size),
      Layers: image.layers,
      Labels: image.labels,
      Containers: image.containers,
    };
  });
}

export function shortId({ id }: { id: string }, isWhole = false): string {
  const digits = id.replace(/^sha256:/, '');
  // podman prints the digest's algorithm with whole ids only.
  return isWhole ? `sha256:${digits}` : digits.slice(0, 12);
}
