// SPDX-License-Identifier: Apache-2.0
// The record of a pod, which pod.json has.

import type { PodCreateOptions } from '../../api/engine.js';
import type { PodId } from '../../base/ids.js';
import { readAttachment } from '../../network/index.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { FolderStore } from '../store/folder-store.js';

export interface PodRecord {
  id: PodId;
  name: string;
  options: PodCreateOptions;
  hostname: string;
  /** This and the other times in milliseconds since 1970. */
  created: number;
  started?: number;
  /** `starting` while its domain is being made; a thawd that ended then did not come to the end of it. */
  state: 'created' | 'starting' | 'running' | 'paused' | 'exited';
  /** Why its domain ended, where nobody stopped it. */
  reason?: string | undefined;
  /** Of its last domain. */
  sandbox?: SandboxRecord;
}

export class PodStore extends FolderStore<PodRecord> {
  constructor(folder: string) {
    super(folder, {
      ...{ name: 'pod', file: 'pod.json', unreadable: 'remove' },
      keyOf: ({ id }) => id,
      lasts: ({ state }) => state !== 'running',
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
