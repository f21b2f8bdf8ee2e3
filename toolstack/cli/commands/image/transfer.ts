// SPDX-License-Identifier: Apache-2.0
// thaw pull, push, save and load: copies whole images, with their digests.

import type { Client, SaveOptions } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { flag, stringOption, type Command, type Parsed } from '../../command.js';
import { REGISTRY_OPTIONS, registryOptions } from '../../options/registry.js';
import { UsageError } from '../../options/usage-error.js';
import { choice } from '../../options/values.js';

const QUIET: Command['options'] = {
  quiet: { type: 'boolean', short: 'q', describe: 'Print no progress' },
};

/** Returns the client, without progress if --quiet was given. */
function shown(parsed: Parsed, client: Client): Client {
  return flag(parsed, 'quiet') ? { ...client, err: () => undefined } : client;
}

export const pullCommand: Command = {
  name: 'pull',
  summary: 'Pull images and prepare their layers',
  params: 'IMAGE...',
  examples: ['thaw pull docker://docker.io/library/debian:13', 'thaw pull oci-archive:image.tar'],
  options: { ...REGISTRY_OPTIONS, ...QUIET },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const options = registryOptions(parsed, client);
    for (const reference of parsed.positional) {
      const image = await engine.pull(reference, options, shown(parsed, client));
      client.out(`${image.id.replace(/^sha256:/, '')}\n`);
    }
    return 0;
  },
};

export const pushCommand: Command = {
  name: 'push',
  summary: 'Copy an image to a registry, or to another destination of skopeo',
  params: 'IMAGE [DESTINATION]',
  examples: [
    'thaw push registry.example/team/web:1',
    'thaw push web:latest docker://localhost:5000/web:latest',
    'thaw push web:latest oci:./layout:latest',
  ],
  options: { ...REGISTRY_OPTIONS, ...QUIET },
  positionals: { min: 1, max: 2 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [image = '', destination] = parsed.positional;
    const options = registryOptions(parsed, client);
    await engine.pushImage(image, destination, options, shown(parsed, client));
    return 0;
  },
};

const FORMATS = ['docker-archive', 'oci-archive', 'oci-dir', 'docker-dir'] as const;

export const saveCommand: Command = {
  name: 'save',
  summary: 'Write an image into a file, as podman and docker load it',
  params: 'IMAGE',
  examples: [
    'thaw save -o web.tar web:latest',
    'thaw save web:latest | ssh other thaw load',
    'thaw save --format oci-archive -o web.tar web:latest',
  ],
  options: {
    output: { type: 'string', short: 'o', describe: 'File or folder (default standard output)' },
    format: { type: 'string', describe: `${FORMATS.join(', ')} (default ${FORMATS[0]})` },
    ...QUIET,
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [image = ''] = parsed.positional;
    await engine.saveImage(image, saveOptions(parsed, client), shown(parsed, client));
    return 0;
  },
};

function saveOptions(parsed: Parsed, client: Client): SaveOptions {
  const format = choice('--format', stringOption(parsed, 'format'), FORMATS) ?? FORMATS[0];
  const output = stringOption(parsed, 'output');
  const path = output === '-' || output === '/dev/stdout' ? undefined : output;
  if (path === undefined && format.endsWith('-dir'))
    throw new UsageError(`Cannot use --format ${format} alone: it wants a folder, with --output`);
  if (path === undefined && client.isTerminal.stdout)
    throw new UsageError(
      'Cannot write an archive to a terminal: name a file with --output, or redirect it',
    );
  return defined({ format, path });
}

export const loadCommand: Command = {
  name: 'load',
  summary: 'Get the images of a file that thaw, podman or docker saved',
  params: '',
  examples: ['thaw load -i web.tar', 'podman save web:latest | thaw load'],
  options: {
    input: {
      type: 'string',
      short: 'i',
      describe: 'Archive or folder (default standard input)',
    },
    ...QUIET,
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const input = stringOption(parsed, 'input');
    const path = input === '-' || input === '/dev/stdin' ? undefined : input;
    if (path === undefined && client.isTerminal.stdin)
      throw new UsageError(
        'Cannot read an archive from a terminal: name a file with --input, or redirect one',
      );
    for (const name of await engine.loadImages(path, shown(parsed, client)))
      client.out(`Loaded image: ${name}\n`);
    return 0;
  },
};
