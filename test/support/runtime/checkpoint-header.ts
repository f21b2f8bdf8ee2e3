// SPDX-License-Identifier: Apache-2.0
// A checkpoint's header as a checkpoint has it, for tests.

import type { CheckpointHeader } from '../../../toolstack/checkpoint/index.js';
import { TRAITS } from './container-services.js';

export const DIGEST = `sha256:${'cd'.repeat(32)}`;

/** The header without the parts of memory and disk. */
export function checkpointAbout(): Omit<CheckpointHeader, 'memory' | 'disk'> {
  return {
    thaw: '0.0.0',
    created: 1000,
    host: TRAITS,
    container: {
      name: 'web',
      hostname: 'host',
      image: 'busybox:latest',
      imageId: DIGEST,
      flags: 0,
      command: ['sh', '-c', 'a\nb'],
      inGuest: 'ab'.repeat(6),
      cpus: 0.5,
      stopSignal: 3,
      process: {
        args: ['sh'],
        env: ['A=1', 'HOSTNAME=host'],
        cwd: '/',
        user: { uid: 1, gid: 2, additionalGids: [3] },
      },
      limits: {
        capAdd: ['NET_RAW'],
        capDrop: ['ALL'],
        noNewPrivileges: true,
        ulimits: [{ type: 'nofile', soft: 10, hard: -1 }],
      },
      network: 'thaw',
      pidsLimit: 7,
      memoryBytes: 2 ** 24,
      ports: [{ hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
    },
    domain: {
      shape: { type: 'pvh', vcpus: 1, memoryKib: 65536 },
      vcpus: 1,
      memoryKib: 65536,
      memTotalKib: 60_000,
      inMemory: false,
    },
    layers: [{ diffId: DIGEST, erofs: { bytes: 4096, sha256: 'ef'.repeat(32) } }],
  };
}

export function checkpointHeader(): CheckpointHeader {
  return {
    ...checkpointAbout(),
    memory: { bytes: 3_000_000, dataPages: 700 },
    disk: { bytes: 64 * 2 ** 20, dataBytes: 2 ** 21 },
  };
}
