// SPDX-License-Identifier: Apache-2.0
// Makes a template of an image: its guest has the image's root filesystem in memory, and a container that is created and not started.

import { askMount } from '../../agent/mount.js';
import { AgentType, layerName } from '../../agent/wire.js';
import { encodeStart, type StartRequest } from '../../agent/wire-process.js';
import { sendLayers } from '../../agent/layer-sender.js';
import type { XenHost } from '../../xen/host.js';
import { openData, type Prepare } from '../template/boot.js';
import { BASE_MEMORY_KIB } from '../template/shape.js';

/** The image and container that a guest gets before it is frozen. */
export interface FrozenContents {
  /** EROFS files, lowest first. */
  layers: readonly string[];
  /** The most that the container may write to its root filesystem. */
  upperKib: number;
  start: StartRequest;
}

const CHANNEL_MS = 10_000;
const MOUNT_MS = 120_000;
const CREATE_MS = 130_000;
/** Memory that MOUNT and CREATE take beside the image. */
const MARGIN_KIB = 8 * 1024;

/** Returns the memory of a template with an image of that size, in whole MiB. */
export function frozenMemoryKib(imageBytes: number): number {
  return BASE_MEMORY_KIB + MARGIN_KIB + Math.ceil(imageBytes / 2 ** 20) * 1024;
}

/**
 * Sends the layers over the data channel while the agent mounts them, then asks for CREATE. Both channels are free again afterwards.
 * `onSent` is called with the bytes of layers that the guest has so far.
 */
export function putInto(
  host: XenHost,
  { layers, upperKib, start }: FrozenContents,
  onSent: (bytes: number) => void = () => undefined,
): Prepare {
  return async (domid, link, signal) => {
    const channel = await openData(host, domid, CHANNEL_MS, signal);
    try {
      const devices = layers.map((_, index) => layerName(index + 1));
      const sent = sendLayers(channel, layers, signal, onSent);
      // The mount's failure says more than that of the sender.
      sent.catch(() => undefined);
      await askMount(link, { rootfs: start.rootfs, devices, upperKib }, MOUNT_MS);
      await sent;
    } finally {
      channel.destroy();
    }
    await link.request(AgentType.CREATE, encodeStart(start), 'the container', CREATE_MS);
  };
}
