// SPDX-License-Identifier: Apache-2.0
// thaw images, pull and rmi: which images there are, how they come and go.

import type { ImageSummary } from '../api/engine.js';
import { formatAge, formatBytes } from '../base/text.js';
import { flag, type Command } from './command.js';
import { tlsVerify } from './container-options.js';
import { formatJson, formatTable } from './table.js';

export const imagesCommand: Command = {
  name: 'images',
  summary: 'List images',
  params: '',
  examples: ['thaw images'],
  options: {
    quiet: { type: 'boolean', short: 'q', describe: 'Only their ids' },
    json: { type: 'boolean', describe: 'Print JSON' },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const images = await engine.images();
    if (flag(parsed, 'json')) client.out(formatJson(images));
    else if (flag(parsed, 'quiet'))
      client.out(images.map((image) => `${shortId(image)}\n`).join(''));
    else
      client.out(formatTable(['IMAGE ID', 'NAME', 'LAYERS', 'SIZE', 'CREATED'], images.map(row)));
    return 0;
  },
};

function row(image: ImageSummary): string[] {
  const age = Date.now() - Date.parse(image.created);
  return [
    shortId(image),
    image.names.join(', ') || '-',
    String(image.layers),
    formatBytes(image.size),
    Number.isFinite(age) ? formatAge(age) : '-',
  ];
}

function shortId(image: ImageSummary): string {
  return image.id.replace(/^sha256:/, '').slice(0, 12);
}

export const pullCommand: Command = {
  name: 'pull',
  summary: 'Get an image and make its layers ready',
  params: 'IMAGE',
  examples: ['thaw pull docker://docker.io/library/debian:13', 'thaw pull oci-archive:image.tar'],
  options: {
    'tls-verify': {
      type: 'string',
      describe: 'false for a registry without TLS',
    },
    quiet: { type: 'boolean', short: 'q', describe: 'No progress' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const quiet = flag(parsed, 'quiet');
    const err = (data: string | Buffer): void => (quiet ? undefined : client.err(data));
    const image = await engine.pull(
      parsed.positional[0] ?? '',
      { tlsVerify: tlsVerify(parsed) },
      { ...client, err },
    );
    client.out(`${image.id.replace(/^sha256:/, '')}\n`);
    return 0;
  },
};

export const rmiCommand: Command = {
  name: 'rmi',
  summary: 'Remove images that no container uses',
  params: 'IMAGE...',
  examples: ['thaw rmi busybox:latest'],
  options: {},
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    for (const reference of parsed.positional) {
      for (const line of await engine.removeImage(reference)) client.out(`${line}\n`);
    }
    return 0;
  },
};
