// SPDX-License-Identifier: Apache-2.0
// Implements the engine's calls for images.

import { open, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type {
  Client,
  Engine,
  ImageInspected,
  ImageSummary,
  SaveOptions,
} from '../../api/engine.js';
import { withProgress } from '../../base/progress.js';
import type { ContainerManager, ContainerServices } from '../../runtime/store/containers.js';
import {
  ImageError,
  parseReference,
  type Image,
  type ImageDetails,
  type ImageStore,
  type LoadedImage,
} from '../../image/index.js';

type ImageEngine = Pick<
  Engine,
  | 'images'
  | 'pull'
  | 'removeImage'
  | 'inspectImage'
  | 'tagImage'
  | 'untagImage'
  | 'pushImage'
  | 'saveImage'
  | 'loadImages'
  | 'pruneImages'
>;

type Services = Pick<ContainerServices, 'images' | 'frozen'>;
type Manager = Pick<ContainerManager, 'containers' | 'usesImage' | 'remove'>;

export function imageEngine(services: Services, manager: Manager): ImageEngine {
  const { images } = services;
  const isUsed = (image: Image): boolean => needsImage(services, manager, image);
  const summary = (image: Image): ImageSummary => summarizeImage(image, manager);
  return {
    images: async () => (await images.list()).map(summary),
    pull: (reference, options, client) =>
      withProgress(client, async (onProgress) => {
        const { cwd, signal } = client;
        return summary(await images.pull(reference, { ...options, cwd, signal, onProgress }));
      }),
    removeImage: async (reference, { force }, { cwd }) => {
      if (force) await removeContainers(manager, (await images.details(reference, cwd)).image.id);
      return images.remove(reference, isUsed, { cwd, force });
    },
    inspectImage: async (reference, { cwd }) => inspected(await images.details(reference, cwd)),
    tagImage: (reference, names, { cwd }) => images.tag(reference, names, cwd),
    untagImage: async (reference, names, { cwd }) => {
      await images.untag(reference, names, cwd);
    },
    pushImage: (reference, destination, options, client) =>
      withProgress(client, (onProgress) => {
        const { cwd, signal } = client;
        return images.push(reference, destination, { ...options, cwd, signal, onProgress });
      }),
    saveImage: (reference, options, client) => save(images, reference, options, client),
    loadImages: async (path, client) => {
      const loaded = await load(images, path, client);
      return loaded.flatMap(({ image, names }) => (names.length > 0 ? names : [image.id]));
    },
    pruneImages: (all) => images.prune(isUsed, all),
  };
}

/** Returns true where a container or a frozen image needs the image. */
export function needsImage(
  { frozen }: Pick<Services, 'frozen'>,
  manager: Pick<Manager, 'usesImage'>,
  { id }: Image,
): boolean {
  return manager.usesImage(id) || frozen.needsImage(id);
}

function summarizeImage(image: Image, manager: Manager): ImageSummary {
  const { id, names, digest, size, created, layers, config } = image;
  const own = [...manager.containers].filter(({ record }) => record.imageId === id);
  return {
    id,
    names,
    digest,
    size,
    created,
    layers: layers.length,
    labels: config.labels,
    containers: own.length,
  };
}

async function removeContainers(manager: Manager, imageId: string): Promise<void> {
  const own = [...manager.containers].filter(({ record }) => record.imageId === imageId);
  for (const { record } of own) await manager.remove(record.id, true);
}

/** Writes the image to a file, or by way of a temporary file to the client's standard output. */
async function save(
  images: ImageStore,
  reference: string,
  { path, format }: SaveOptions,
  client: Client,
): Promise<void> {
  const { cwd, signal } = client;
  const saveTo = (absolute: string, title: string): Promise<void> =>
    withProgress(client, (onProgress) =>
      images.save(reference, { path: absolute, title, format, cwd, signal, onProgress }),
    );
  if (path !== undefined) return saveTo(resolve(cwd, path), path);
  const folder = await images.workDir();
  try {
    await saveTo(join(folder, 'archive'), reference);
    await print(join(folder, 'archive'), client);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function print(path: string, client: Client): Promise<void> {
  const file = await open(path, 'r');
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      client.out(chunk as Buffer);
      await client.drained();
      client.signal.throwIfAborted();
    }
  } finally {
    await file.close();
  }
}

/** Reads images from a file or a folder, or by way of a temporary file from the client's standard input. */
async function load(
  images: ImageStore,
  path: string | undefined,
  client: Client,
): Promise<LoadedImage[]> {
  const { cwd, signal } = client;
  const loadFrom = (absolute: string): Promise<LoadedImage[]> =>
    withProgress(client, (onProgress) => images.load(absolute, { cwd, signal, onProgress }));
  if (path !== undefined) return loadFrom(resolve(cwd, path));
  const folder = await images.workDir();
  try {
    const archive = join(folder, 'archive');
    await images.guarding('load standard input', signal, (whileRoom) =>
      keepInput(client, archive, whileRoom),
    );
    return await loadFrom(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keepInput(client: Client, path: string, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of client.input()) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  if ((await stat(path)).size === 0)
    throw new ImageError(
      'ERR_IMAGE_CORRUPT',
      'Cannot load standard input: it is empty; give it an archive, or a file with --input',
    );
}

/** Returns the image's details in podman's words. Pure. */
function inspected(details: ImageDetails): ImageInspected {
  const { image, config, author, comment, diffIds, history, manifestType } = details;
  const { id, names, digest, size, created, architecture, os } = image;
  return {
    Id: id.replace(/^sha256:/, ''),
    Digest: digest,
    RepoTags: names.filter((name) => !name.includes('@')),
    RepoDigests: digest === '' ? [] : digestNames(names, digest),
    Comment: comment,
    Created: created,
    Config: config,
    Author: author,
    Architecture: architecture,
    Os: os,
    Size: size,
    RootFS: { Type: 'layers', Layers: [...diffIds] },
    Labels: image.config.labels,
    ManifestType: manifestType,
    User: image.config.user,
    History: history.map(({ created: at, createdBy, comment: said, isEmpty, size: own }) => ({
      created: at,
      created_by: createdBy,
      comment: said,
      empty_layer: isEmpty,
      size: own,
    })),
  };
}

/** Returns names of the image by its digest, one for each repository of a registry. */
function digestNames(names: readonly string[], digest: string): string[] {
  const repositories = names
    .filter((name) => parseReference(name, { cwd: '/' }).transport === 'docker')
    .map((name) => name.replace(/@.*$/, '').replace(/:[^/:]*$/, ''));
  return [...new Set(repositories)].map((repository) => `${repository}@${digest}`);
}
