// SPDX-License-Identifier: Apache-2.0
// Defines the record of a pod, and stores it in pod.json.

import type { PodCreateOptions } from '../../api/engine.js';
import type { PodId } from '../../base/ids.js';
import { readAttachment } from '../../network/index.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { FolderStore } from '../store/folder-store.js';
import type { DiskPause } from '../store/disk-pause.js';

export interface PodRecord {
  id: PodId;
  name: string;
  options: PodCreateOptions;
  hostname: string;
  /** This and the other times are in milliseconds since 1970. */
  created: number;
  started?: number;
  /** `starting` while thawd makes the domain. A thawd that ends meanwhile leaves this state in the record. */
  state: 'created' | 'starting' | 'running' | 'paused' | 'exited';
  /** The reason why the domain was lost; undefined after a requested stop. */
  reason?: string | undefined;
  /** Set while thaw itself keeps the domain paused, or is about to pause it: a disk is nearly full. */
  diskPause?: DiskPause | undefined;
  /** The sandbox of the pod's last domain. */
  sandbox?: SandboxRecord;
}

export class PodStore extends FolderStore<PodRecord> {
  constructor(folder: string) {
    super(folder, {
      name: 'pod',
      file: 'pod.json',
      unreadable: 'remove',
      keyOf: ({ id }) => id,
      lasts: ({ state }) => (state === 'starting' ? 'last' : 'this'),
      toJson: (record) => record,
      fromJson: (written) => {
        const record = written as PodRecord;
        const network = record.sandbox?.network;
        if (record.sandbox && network) record.sandbox.network = readAttachment(network);
        return record;
      },
    });
  }
}
