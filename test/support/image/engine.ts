// SPDX-License-Identifier: Apache-2.0
// The engine's image functions over a real store, with fake containers.

import type { ExecutionContext } from 'ava';
import { join } from 'node:path';
import type { Engine } from '../../../toolstack/api/engine.js';
import { silentLog } from '../../../toolstack/base/log.js';
import { imageEngine } from '../../../toolstack/frontends/thaw/images.js';
import { diskUsage } from '../../../toolstack/frontends/thaw/usage.js';
import { FolderLayers } from '../../../toolstack/image/index.js';
import { containerRecord } from '../runtime/container-record.js';
import { archiveOf, imageStore } from './store.js';
import { makeTar } from './oci-image.js';

/** Makes an engine over a store with one image; `use` adds a container of that image. */
export async function engineWithImage(t: ExecutionContext) {
  const { dir, store } = await imageStore(t);
  const layers = [{ tar: await makeTar([{ name: 'a', content: 'a' }]) }];
  const config = { Cmd: ['sh'], Labels: { team: 'a' }, User: 'nobody' };
  const file = await archiveOf(dir, 'a.tar', { layers, config });
  const { id } = await store.pull(`oci-archive:${file}`);
  const own: { record: ReturnType<typeof containerRecord> }[] = [];
  const removed: string[] = [];
  const manager = {
    get containers() {
      return own[Symbol.iterator]();
    },
    usesImage: (imageId: string) => own.some(({ record }) => record.imageId === imageId),
    remove: (key: string) => {
      removed.push(key);
      own.length = 0;
      return Promise.resolve(key);
    },
  };
  const services = {
    images: store,
    frozen: { needsImage: () => false, list: () => [], loaded: () => undefined },
    sandbox: { templates: { list: () => Promise.resolve([]) } },
    pool: { ready: () => 0 },
    volumes: { list: () => [] },
  } as never;
  const engine = imageEngine(services, manager as never) as Engine;
  const use = () => {
    const record = containerRecord({ imageId: id, state: 'exited' });
    own.push({ record });
    return record;
  };
  const engineLayers = new FolderLayers(join(dir, 'engine-layers'), silentLog());
  const usage = () => diskUsage(services, manager as never, { state: dir } as never, engineLayers);
  return { dir, id, engine, engineLayers, usage, use, removed };
}
