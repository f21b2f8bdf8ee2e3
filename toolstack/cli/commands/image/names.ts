// SPDX-License-Identifier: Apache-2.0
// thaw tag, untag, rmi and image exists: manages the names of images.

import type { Engine } from '../../../api/engine.js';
import { describeError, errorCode } from '../../../base/errors.js';
import { flag, type Command } from '../../command.js';
import { UsageError } from '../../options/usage-error.js';

export const tagCommand: Command = {
  name: 'tag',
  summary: 'Add names to an image',
  params: 'IMAGE NAME...',
  examples: ['thaw tag web:latest registry.example/team/web:1'],
  options: {},
  positionals: { min: 2, max: Infinity },
  failureStatus: 125,
  async run({ positional: [image = '', ...names] }, client, engine) {
    await engine.tagImage(image, names, client);
    return 0;
  },
};

export const untagCommand: Command = {
  name: 'untag',
  summary: 'Remove the given names from an image, or all; the image stays',
  params: 'IMAGE [NAME...]',
  examples: ['thaw untag web:latest', 'thaw untag 3f2a9c web:latest web:1'],
  options: {},
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run({ positional: [image = '', ...names] }, client, engine) {
    await engine.untagImage(image, names, client);
    return 0;
  },
};

export const rmiCommand: Command = {
  name: 'rmi',
  summary: 'Remove images that no container uses',
  params: 'IMAGE...',
  examples: ['thaw rmi busybox:latest', 'thaw rmi --all', 'thaw rmi --force 3f2a9c'],
  options: {
    all: { type: 'boolean', short: 'a', describe: 'All images' },
    force: {
      type: 'boolean',
      short: 'f',
      describe: 'Also remove its containers and all its names; a missing image is no error',
    },
    ignore: { type: 'boolean', short: 'i', describe: 'A missing image is no error' },
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const isAll = flag(parsed, 'all');
    if (isAll === parsed.positional.length > 0)
      throw new UsageError('thaw rmi takes IMAGE..., or --all: see thaw rmi --help');
    const force = flag(parsed, 'force');
    const ignores = force || flag(parsed, 'ignore');
    const names = isAll ? await allNames(engine) : parsed.positional;
    let status = 0;
    for (const name of names) {
      try {
        const lines = await engine.removeImage(name, { force }, client);
        for (const line of lines) client.out(`${line}\n`);
      } catch (error) {
        const code = errorCode(error) ?? '';
        if (ignores && code === 'ERR_IMAGE_NOT_FOUND') continue;
        client.err(`thaw: ${describeError(error)}\n`);
        status = STATUSES[code] ?? 125;
      }
    }
    return status;
  },
};

/** Returns the names of all images, and the ids of images without a name: an image is removed with its last name. */
async function allNames(engine: Engine): Promise<string[]> {
  const images = await engine.images();
  return images.flatMap(({ id, names }) => (names.length > 0 ? names : [id]));
}

/** podman's statuses: 1 for a missing image, 2 for one in use. */
const STATUSES: Record<string, number> = { ERR_IMAGE_NOT_FOUND: 1, ERR_IMAGE_IN_USE: 2 };

export const imageExistsCommand: Command = {
  name: 'image exists',
  summary: 'Check whether an image exists: exit status 0, or 1 if not',
  params: 'IMAGE',
  examples: ['thaw image exists web:latest || thaw pull web:latest'],
  options: {},
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run({ positional: [image = ''] }, client, engine) {
    try {
      await engine.inspectImage(image, client);
      return 0;
    } catch (error) {
      if (errorCode(error) === 'ERR_IMAGE_NOT_FOUND') return 1;
      throw error;
    }
  },
};
