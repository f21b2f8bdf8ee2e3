// SPDX-License-Identifier: Apache-2.0
// A template that goes further than the kernel: an image's root filesystem in its memory and a container created, not started.

import { AgentType, layerName } from '../../agent/wire.js';
import { encodeMount } from '../../agent/wire-guest.js';
import { encodeStart, type StartRequest } from '../../agent/wire-process.js';
import { sendLayers } from '../../agent/layer-sender.js';
import type { XenHost } from '../../xen/host.js';
import { openData, type Prepare } from '../template/boot.js';
import { BASE_MEMORY_KIB } from '../template/shape.js';

/** What is put into a guest before it is frozen. */
export interface FrozenContents {
  /** EROFS files, lowest first. */
  layers: readonly string[];
  /** Most that the container may write to its root filesystem. */
  upperKib: number;
  start: StartRequest;
}

const CHANNEL_MS = 10_000;
const MOUNT_MS = 120_000;
const CREATE_MS = 130_000;
/** For what mounting and creating take beside the image itself. */
const MARGIN_KIB = 8 * 1024;

/** Memory of a template with an image of that size in it: whole MiB. */
export function frozenMemoryKib(imageBytes: number): number {
  return BASE_MEMORY_KIB + MARGIN_KIB + Math.ceil(imageBytes / 2 ** 20) * 1024;
}

/** `onSent` is told how many bytes of the layers the guest has so far. In this order: the layers over the data channel and beside it their mount, CREATE. Both channels are as before then. */
export function putInto(
  host: XenHost,
  { layers, upperKib, start }: FrozenContents,
  onSent: (bytes: number) => void = () => undefined,
): Prepare {
  return async (domid, link, signal) => {
    const channel = await openData(host, domid, CHANNEL_MS, signal);
    try {
      const mount = encodeMount({
        rootfs: start.rootfs,
        devices: layers.map((_, index) => layerName(index + 1)),
        timeoutMs: MOUNT_MS,
        upperKib,
      });
      const sent = sendLayers(channel, layers, signal, onSent);
      // The mount's failure says more than that of the bytes it did not take.
      sent.catch(() => undefined);
      await link.request(AgentType.MOUNT, mount, 'the root filesystem', MOUNT_MS + 5000);
      await sent;
    } finally {
      channel.destroy();
    }
    await link.request(AgentType.CREATE, encodeStart(start), 'the container', CREATE_MS);
  };
}
