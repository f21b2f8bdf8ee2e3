// SPDX-License-Identifier: Apache-2.0
// thaw commit: makes an image from a container's image, its writable layer, and its start options.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ArchiveOption, ArchiveVerb } from '../../agent/wire-process.js';
import type { Client, CommitOptions, CreateOptions } from '../../api/engine.js';
import { CopyError } from '../../archive/errors.js';
import { defined } from '../../base/defined.js';
import { DEFAULT_LIMITS } from '../../image/index.js';
import { useFiles } from './archive-process.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { withFileGuest } from './file-guest.js';

type Process = Readonly<Record<string, unknown>>;

/** Resolves with the new image's id. Rejects with ERR_IMAGE_NOT_KEPT, ERR_IMAGE_REFERENCE, and as withFileGuest() and useFiles() do. */
export async function commitContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  options: CommitOptions,
  client: Client,
): Promise<string> {
  const { signal } = client;
  const layer = { verb: ArchiveVerb.LAYER, path: '', name: '' };
  return withFileGuest(services, manager, { key, verb: 'commit', signal }, async (fileGuest) => {
    const { container, inGuest } = fileGuest;
    const { record } = container;
    const { image, author = '', message: comment = '', change } = options;
    // No process of the container runs in a file guest.
    const stops = options.pauses && inGuest !== '';
    const archive = stops ? { ...layer, options: ArchiveOption.FROZEN } : layer;
    // No pause or copy comes meanwhile, and thaw exec waits.
    const meanwhile = <T>(work: () => Promise<T>): Promise<T> =>
      stops ? container.exclusive(work) : work();
    const committed = await services.images.commit(
      record.imageId,
      image === undefined ? [] : [image],
      {
        signal,
        author,
        comment,
        createdBy: record.command.join(' '),
        process: (config) => change(withOwn(config, record.options)),
        writeLayer: (folder, whileRoom) =>
          meanwhile(() =>
            useFiles(fileGuest, archive, whileRoom, async ({ output }) => {
              const path = join(folder, 'layer.tar');
              const file = createWriteStream(path, { mode: 0o600 });
              await pipeline(output, limited, file, { signal: whileRoom });
              return path;
            }),
          ),
      },
    );
    return committed.id;
  });
}

/** Limits the bytes of a layer: a guest that sends without end must not fill the host's disk. */
async function* limited(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > DEFAULT_LIMITS.bytes)
      throw new CopyError('The guest sends a layer that is too large');
    yield chunk;
  }
}

/** Returns the image's config, changed by the options that the container was made with. */
function withOwn(config: Process, options: CreateOptions | undefined): Process {
  if (!options) return config;
  const { command, entrypoint, env, user, workdir, labels } = options;
  const own = Array.isArray(config['Env']) ? (config['Env'] as string[]) : [];
  return {
    ...config,
    ...(command.length > 0 ? { Cmd: command } : {}),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint === '' ? [] : [entrypoint] }),
    ...defined({ User: user, WorkingDir: workdir }),
    ...(env.length > 0
      ? {
          Env: mergedEnv(
            own,
            env.filter((item) => item.includes('=')),
          ),
        }
      : {}),
    ...(labels ? { Labels: { ...(config['Labels'] as object | undefined), ...labels } } : {}),
  };
}

/** The last value of a name counts. */
export function mergedEnv(before: readonly string[], more: readonly string[]): string[] {
  const nameOf = (item: string): string => item.slice(0, item.indexOf('='));
  const all = new Map([...before, ...more].map((item) => [nameOf(item), item]));
  return [...all.values()];
}
