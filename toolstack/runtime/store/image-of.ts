// SPDX-License-Identifier: Apache-2.0
// Finds the image of a container.

import type { Client, CreateOptions } from '../../api/engine.js';
import { withProgress } from '../../base/progress.js';
import type { Image, ImageStore } from '../../image/index.js';
import { ContainerError } from '../errors.js';

/** Resolves with the image that the options name, pulled when their policy says so. */
export function findImage(
  images: ImageStore,
  options: Pick<CreateOptions, 'image' | 'pull' | 'tlsVerify' | 'authFile'>,
  client: Client,
): Promise<Image> {
  return withProgress(client, (onProgress) =>
    images.resolve(options.image, {
      pullPolicy: options.pull,
      tlsVerify: options.tlsVerify,
      authFile: options.authFile,
      cwd: client.cwd,
      signal: client.signal,
      // A user who runs an image needs no message about an image that is present.
      onProgress: (progress) =>
        progress.text.endsWith('is up to date') ? undefined : onProgress(progress),
    }),
  );
}

/** Resolves with the image that a container was made of, even if its name stands for another image now. Rejects with ERR_IMAGE_NOT_FOUND. */
export async function ownImage(images: ImageStore, imageId: string): Promise<Image> {
  const image = (await images.list()).find(({ id }) => id === imageId);
  if (image) return image;
  throw new ContainerError(
    'ERR_IMAGE_NOT_FOUND',
    `Image ${imageId} of the container is gone: make the container anew`,
  );
}
