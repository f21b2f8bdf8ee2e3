// SPDX-License-Identifier: Apache-2.0
// Makes the header of a container's checkpoint. Pure.

import { VERSION } from '../../../base/version.js';
import type { CheckpointSource, SavedFids } from '../../../checkpoint/index.js';
import { INTERFACE } from '../../../sandbox/boot/connect.js';
import type { Copied } from '../../../sandbox/copy/copy.js';
import { nameInGuest, type OciRecord } from '../container/record.js';

export function sourceOf(
  record: OciRecord,
  { shape, running, memTotalKib, fd, bytes, dataPages }: Copied,
  host: CheckpointSource['about']['host'],
  stash: SavedFids,
): CheckpointSource {
  const { flags, guestPid = 1, firstInterface = INTERFACE, sandbox } = record;
  const { hostname, files = [] } = sandbox;
  return {
    about: {
      ...{ thaw: VERSION, created: Date.now(), host, layers: [] },
      oci: {
        ...{ hostname, flags, guestPid, inGuest: nameInGuest(record), stash },
        interface: firstInterface,
        readOnly: files.map(({ readOnly }) => readOnly),
      },
      domain: {
        ...{ shape, memTotalKib, vcpus: running?.vcpus ?? 1, inMemory: true },
        // xl may have given the domain more memory.
        memoryKib: Math.max(sandbox.memoryKib, shape.memoryKib),
      },
    },
    memory: { fd, bytes, dataPages },
  };
}
