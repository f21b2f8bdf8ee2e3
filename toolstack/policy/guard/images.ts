// SPDX-License-Identifier: Apache-2.0
// Guards the engine's calls for images and frozen images. All users share these: only root changes them, and rules allow pulls.

import type { Engine } from '../../api/engine.js';
import type { Guard } from './guard.js';
import { imageName } from './targets.js';

type Images = Pick<
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
  | 'pruneLayers'
  | 'freeze'
  | 'freezeContainer'
  | 'unfreeze'
  | 'templates'
>;

export function guardImages(guard: Guard, engine: Engine): Images {
  /** Returns the image's full name. Throws ERR_POLICY_DENIED. */
  const allowed = (reference: string): string => {
    if (guard.isFree) return reference;
    const name = imageName(guard, reference);
    guard.allow({ images: [name] }, [name]);
    return name;
  };
  const rootChange = <T>(what: readonly string[], work: () => Promise<T>): Promise<T> => {
    guard.rootOnly(what);
    return guard.change(what, work);
  };
  return {
    images: async () => {
      const all = await engine.images();
      if (guard.isFree) return all;
      const own = all.map((image) => ({
        ...image,
        names: image.names.filter((name) => guard.can({ images: [name] })),
      }));
      return own.filter(({ names }) => names.length > 0);
    },
    pull: async (reference, options, client) => {
      const name = allowed(reference);
      const logins = guard.isLimited ? { authFile: guard.services.noLogins } : {};
      return guard.change([name], () => engine.pull(name, { ...options, ...logins }, client));
    },
    inspectImage: async (reference, client) => engine.inspectImage(allowed(reference), client),
    saveImage: async (reference, options, client) => {
      if (options.path !== undefined) guard.noHostPath(options.path, 'use thaw save IMAGE >FILE');
      const name = allowed(reference);
      return guard.use(() => engine.saveImage(name, options, client));
    },
    removeImage: (reference, options, client) =>
      rootChange([reference], () => engine.removeImage(reference, options, client)),
    tagImage: (reference, names, client) =>
      rootChange([reference, ...names], () => engine.tagImage(reference, names, client)),
    untagImage: (reference, names, client) =>
      rootChange([reference, ...names], () => engine.untagImage(reference, names, client)),
    pushImage: (reference, destination, options, client) =>
      rootChange([reference, destination ?? ''], () =>
        engine.pushImage(reference, destination, options, client),
      ),
    loadImages: (path, client) => rootChange([path ?? '-'], () => engine.loadImages(path, client)),
    pruneImages: (all) => rootChange([], () => engine.pruneImages(all)),
    pruneLayers: () => rootChange([], () => engine.pruneLayers()),
    freeze: (options, client) =>
      rootChange([options.name, options.image], () => engine.freeze(options, client)),
    freezeContainer: (container, options, client) =>
      rootChange([container, options.name], () =>
        engine.freezeContainer(container, options, client),
      ),
    unfreeze: (name) => rootChange([name], () => engine.unfreeze(name)),
    templates: async () => {
      const all = await engine.templates();
      return guard.isFree
        ? all
        : all.filter(({ name }) => name === undefined || guard.can({ images: [`frozen:${name}`] }));
    },
  };
}
