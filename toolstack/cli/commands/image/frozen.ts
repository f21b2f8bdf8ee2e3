// SPDX-License-Identifier: Apache-2.0
// thaw freeze, unfreeze and templates: manages frozen images, from which containers are cloned, and lists all templates.

import type {
  Client,
  DomainType,
  Engine,
  FreezeOptions,
  TemplateSummary,
} from '../../../api/engine.js';
import { formatAge, formatBytes } from '../../../base/text.js';
import { defined } from '../../../base/defined.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../command.js';
import { renderEach } from '../../output/format.js';
import { UsageError } from '../../options/usage-error.js';
import { PROCESS_OPTIONS, pullPolicy } from '../../options/container.js';
import { registryOptions } from '../../options/registry.js';
import { choice, cpus } from '../../options/values.js';
import { formatJson, formatTable } from '../../output/table.js';

export const freezeCommand: Command = {
  name: 'freeze',
  summary: 'Freeze an image or a running container, to clone new containers from it',
  params: '[--after COMMAND CONTAINER | IMAGE [COMMAND [ARG...]]]',
  examples: [
    'thaw freeze --name web -e PORT=80 web:latest',
    'thaw freeze docker://docker.io/library/debian:13 bash',
    "thaw freeze --after 'curl -s localhost/warm' --name warm web",
  ],
  options: {
    name: {
      type: 'string',
      describe: "Its name (default the image's last word, or the container's name)",
    },
    after: {
      type: 'string',
      describe: 'Freeze a running container when this command in it has ended with status 0',
    },
    ...PROCESS_OPTIONS,
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    const after = stringOption(parsed, 'after');
    const { name = '' } =
      after === undefined
        ? await engine.freeze(freezeOptions(parsed, client), client)
        : await freezeContainer(parsed, after, client, engine);
    client.out(`${name}\n`);
    return 0;
  },
};

/** Freezes a container. Throws UsageError for options of an image, which a container has already. */
function freezeContainer(
  parsed: Parsed,
  after: string,
  client: Client,
  engine: Engine,
): Promise<TemplateSummary> {
  const [container = '', ...rest] = parsed.positional;
  const given = Object.keys(PROCESS_OPTIONS).find(
    (option) =>
      stringOption(parsed, option) !== undefined ||
      stringList(parsed, option).length > 0 ||
      flag(parsed, option),
  );
  const word = rest[0] ?? (given === undefined ? undefined : `--${given}`);
  if (word !== undefined)
    throw new UsageError(
      `Cannot use ${word} with --after: it freezes a running container unchanged`,
    );
  const name = stringOption(parsed, 'name') ?? container;
  return engine.freezeContainer(container, { name, after }, client);
}

function freezeOptions(parsed: Parsed, client: Client): FreezeOptions {
  const [image = '', ...command] = parsed.positional;
  return defined({
    image,
    command,
    tty: flag(parsed, 'tty'),
    env: stringList(parsed, 'env'),
    name: stringOption(parsed, 'name') ?? nameOf(image),
    workdir: stringOption(parsed, 'workdir'),
    user: stringOption(parsed, 'user'),
    entrypoint: stringOption(parsed, 'entrypoint'),
    cpus: cpus(stringOption(parsed, 'cpus')),
    type: choice<DomainType>('--type', stringOption(parsed, 'type'), ['pv', 'pvh']),
    pull: pullPolicy(parsed),
    ...registryOptions(parsed, client),
  });
}

const TRANSPORT = /^(docker|oci|oci-archive|docker-archive|docker-daemon|dir):/;

/** Names `docker://host/library/debian:13` debian, and `oci:./dir/web` web. */
function nameOf(image: string): string {
  const [last = ''] = image.replace(TRANSPORT, '').replace(/@.*$/, '').split('/').slice(-1);
  const name = last.replace(/:.*$/, '').replace(/\.tar$/, '');
  if (/^[a-zA-Z0-9]/.test(name)) return name;
  throw new UsageError(`Cannot make a name of "${image}": give one with --name`);
}

export const unfreezeCommand: Command = {
  name: 'unfreeze',
  summary: 'Remove frozen images; their containers keep running',
  params: 'NAME...',
  examples: ['thaw unfreeze web'],
  options: {},
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    for (const name of parsed.positional) {
      await engine.unfreeze(name);
      client.out(`${name}\n`);
    }
    return 0;
  },
};

export const templatesCommand: Command = {
  name: 'templates',
  summary: 'List templates: kernels, frozen images and frozen containers',
  params: '',
  examples: ['thaw templates', "thaw templates --format '{{.Name}} {{.Size}}'"],
  options: {
    quiet: { type: 'boolean', short: 'q', describe: 'Only names of frozen images and containers' },
    json: { type: 'boolean', describe: 'Print JSON, as --format json does' },
    format: {
      type: 'string',
      describe: 'json, or a template such as {{.Name}} or table {{.Name}}\\t{{.Size}}',
    },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const templates = await engine.templates();
    const format = stringOption(parsed, 'format');
    const names = templates.flatMap(({ name }) => (name === undefined ? [] : [name]));
    if (format === 'json' || flag(parsed, 'json')) client.out(formatJson(templates));
    else if (format !== undefined) client.out(renderEach(format, templates.map(fields)));
    else if (flag(parsed, 'quiet')) client.out(names.map((name) => `${name}\n`).join(''));
    else client.out(formatTable(HEAD, templates.map(row)));
    return 0;
  },
};

/** Returns the name that `thaw run --template` takes. */
function nameOfTemplate({ name, type, vcpus }: TemplateSummary): string {
  return name ?? `${type}/${vcpus}`;
}

const HEAD = ['NAME', 'KIND', 'IMAGE', 'COMMAND', 'TYPE', 'MEMORY', 'SIZE', 'READY', 'CREATED'];

function row(template: TemplateSummary): string[] {
  const { kind, image, command, type, memoryBytes, bytes, ready, created } = template;
  return [
    nameOfTemplate(template),
    kind,
    image ?? '-',
    command ? command.join(' ').slice(0, 30) : '-',
    type,
    formatBytes(memoryBytes),
    bytes === undefined ? '-' : formatBytes(bytes),
    String(ready),
    created === undefined ? '-' : formatAge(Date.now() - created),
  ];
}

/** Returns the fields of --format. */
function fields(template: TemplateSummary): object {
  const { kind, image, command, type, vcpus, memoryBytes, bytes, ready, created } = template;
  return {
    Name: nameOfTemplate(template),
    Kind: kind,
    Image: image ?? '',
    Command: (command ?? []).join(' '),
    Type: type,
    CPUs: vcpus,
    Memory: formatBytes(memoryBytes),
    Ready: ready,
    Size: bytes === undefined ? '' : formatBytes(bytes),
    CreatedAt: created === undefined ? '' : new Date(created).toISOString(),
    CreatedSince: created === undefined ? '' : formatAge(Date.now() - created),
  };
}
