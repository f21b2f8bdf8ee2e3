// SPDX-License-Identifier: Apache-2.0
// The services of the container layer, with fakes at its borders: libxl, xenstore, images and templates. Records are real files.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { HostTraits } from '../../../toolstack/clone/template/host-traits.js';
import { noReserve } from '../../../toolstack/disk/index.js';
import { silentLog } from '../../../toolstack/base/log.js';
import { Turns } from '../../../toolstack/base/turns.js';
import { GivenDevices } from '../../../toolstack/runtime/create/devices.js';
import { Events } from '../../../toolstack/runtime/lifecycle/events.js';
import {
  ContainerManager,
  type ContainerServices,
} from '../../../toolstack/runtime/store/containers.js';
import { RecordStore } from '../../../toolstack/runtime/store/record.js';
import { ImageError, type Image } from '../../../toolstack/image/index.js';
import { Volumes } from '../../../toolstack/volume/index.js';
import { Pods, PodStore } from '../../../toolstack/runtime/pod/index.js';
import { Disks } from '../../../toolstack/sandbox/devices/disks.js';
import { MemoryBudget } from '../../../toolstack/sandbox/size/memory-budget.js';
import { fakeDiskTools } from './fake-disk-tools.js';
import { FakeLibxl, fakeXenHost } from '../xen/fake-xen-host.js';
import { openNetworks } from '../network/networks.js';
import { joinFake } from '../xenstore/xenstore.js';

const IMAGE = {
  id: 'sha256:cd',
  names: ['busybox'],
  layers: [{ erofsPath: '/l/a.erofs' }],
  config: { entrypoint: [], cmd: ['sh'], env: [], user: '', workingDir: '/' },
  passwd: '',
  group: '',
} as unknown as Image;

export const TRAITS: HostTraits = {
  guest: 'ab'.repeat(32),
  xen: '4.20.0 debian',
  abi: 'xen-3.0-x86_64',
  cpu: 'Maker family 6',
  cpuFlags: ['fpu', 'sse'],
};

/** Makes a manager on a host where templates cannot be made: `noTemplate` is the error of making one. */
export async function containerServices(
  t: ExecutionContext,
  noTemplate = new Error('no template'),
) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-containers-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { client, fake } = await joinFake(t);
  const libxl = new FakeLibxl();
  const records = new RecordStore(join(folder, 'containers'));
  const swept: string[] = [];
  // SAFETY: the layers above use nothing else of these; a miss is a TypeError in the test.
  const services = {
    sandbox: {
      host: fakeXenHost(libxl, client),
      hostCpus: 4,
      runFolder: join(folder, 'run'),
      copyFolder: join(folder, 'copies'),
      starts: new Turns(4),
      templates: {
        get: () => Promise.reject(noTemplate),
        traits: () => Promise.resolve(TRAITS),
      },
      loops: {
        acquire: () => Promise.resolve('/dev/loop0'),
        release: () => Promise.resolve(),
        sweep: (path: string) => Promise.resolve(void swept.push(path)),
      },
      disks: new Disks(join(folder, 'containers'), join(folder, 'disks')),
      reserve: { ...noReserve },
      budget: new MemoryBudget(() => Promise.resolve(2 ** 30)),
      networks: await openNetworks(folder),
      onClone: () => undefined,
      macs: new Set<string>(),
      shims: { left: () => undefined },
    },
    pool: { during: <T>(start: () => Promise<T>) => start(), take: () => undefined },
    images: {
      layersFolder: '/layers',
      list: () => Promise.resolve([IMAGE]),
      resolve: (reference: string) =>
        reference === 'busybox'
          ? Promise.resolve(IMAGE)
          : Promise.reject(new ImageError('ERR_IMAGE_NOT_FOUND', `No image ${reference}`)),
    },
    volumes: await Volumes.open(
      join(folder, 'volumes'),
      join(folder, 'mounted'),
      silentLog(),
      fakeDiskTools(),
    ),
    records,
    log: silentLog(),
    events: new Events(),
    devices: new GivenDevices(),
  } as unknown as ContainerServices;
  const { sandbox, pool } = services;
  const pods = { sandbox, pool, log: silentLog() };
  services.pods = new Pods({ ...pods, store: new PodStore(join(folder, 'pods')) });
  const manager = new ContainerManager(services);
  return { services, manager, records, libxl, fake, swept };
}
