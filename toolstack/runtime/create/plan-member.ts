// SPDX-License-Identifier: Apache-2.0
// Plans a container in a pod: its record, with its parts of the pod's domain, and the start of its process there.

import { defined } from '../../base/defined.js';
import { constants } from 'node:os';
import type { Client, CreateOptions } from '../../api/engine.js';
import { sandboxIdOf, type ContainerId } from '../../base/ids.js';
import { signalNumber } from '../../base/signals.js';
import type { Image } from '../../image/index.js';
import { POD_MEMORY_BYTES, type Pod } from '../pod/index.js';
import type { Disk } from '../../sandbox/devices/disks.js';
import type { ProcessStart } from '../../sandbox/sandbox.js';
import { checkMember } from '../membership/pod-options.js';
import { bindsOf } from './mounts.js';
import type { ContainerRecord } from '../store/record.js';
import { planStart, processFlags } from './first-process.js';

const { SIGTERM } = constants.signals;

export interface NewMember {
  id: ContainerId;
  name: string;
  image: Image;
  disk?: Disk | undefined;
}

/** Throws ERR_USAGE for options that a container in the pod cannot have. */
export function memberRecord(
  pod: Pod,
  { id, name, image, disk }: NewMember,
  options: CreateOptions,
): ContainerRecord {
  checkMember(pod, options);
  const { id: podId, name: podName, hostname, options: ofPod, sandbox } = pod.record;
  const memoryBytes = options.memoryBytes ?? ofPod.memoryBytes ?? POD_MEMORY_BYTES;
  const own = sandboxIdOf(id);
  return {
    id,
    name,
    image: options.image,
    imageId: image.id,
    command: [],
    inGuest: own,
    created: Date.now(),
    state: 'creating',
    rm: options.rm,
    flags: processFlags(options),
    cpus: options.cpus ?? ofPod.cpus ?? 1,
    options: { ...options, pod: podId },
    stopSignal: options.stopSignal ?? signalNumber(image.config.stopSignal ?? '') ?? SIGTERM,
    pod: { id: podId, name: podName },
    ...defined({ owner: options.owner }),
    sandbox: {
      id: own,
      name: podName,
      uuid: sandbox?.uuid ?? '',
      mac: '',
      type: sandbox?.type ?? ofPod.type ?? 'pvh',
      vcpus: Math.ceil(ofPod.cpus ?? 1),
      memoryKib: Math.ceil(memoryBytes / 1024),
      hostname: ofPod.share.includes('uts') ? hostname : own,
      machineId: sandbox?.machineId ?? id.slice(0, 32),
      layers: image.layers.map((layer) => layer.erofsPath),
      inMemory: false,
      ...defined({ disk }),
      ...(options.storageBytes === undefined || disk
        ? {}
        : { upperKib: Math.ceil(options.storageBytes / 1024) }),
    },
  };
}

/** Plans the start of the process, with the pod's present network and the shares of that 9pfs device. Throws as planStart() does. */
export function planMember(
  { record: pod }: Pod,
  record: ContainerRecord,
  image: Image,
  client: Client,
  device?: number,
): ProcessStart {
  const { options } = record;
  if (!options) throw new TypeError('A container in a pod has options');
  const { addHosts, dns, dnsSearch, dnsOptions, share } = pod.options;
  const given = { addHosts, dns, dnsSearch, dnsOptions };
  const network = pod.sandbox?.network;
  const { sandbox, inGuest } = record;
  const of = {
    ...record,
    sandbox: {
      ...sandbox,
      machineId: pod.sandbox?.machineId ?? sandbox.machineId,
      ...defined({ network }),
    },
  };
  const { memoryBytes, cpus } = options;
  const binds = bindsOf(options.mounts, device);
  return planStart(of, image, { ...options, ...defined(given) }, client, binds, {
    share,
    rootfs: inGuest,
    memoryBytes,
    cpus,
  });
}
