// SPDX-License-Identifier: Apache-2.0
// A container's state as the specification has it (runtime.md, State), for engines and hooks. Pure.

import { rootOf, type OciRecord } from '../container/record.js';
import { statusOf, type OciStatus } from '../container/status.js';

/** As runc prints it, in the state that it is in, or is said to be in. */
export function stateOf(record: OciRecord, status: OciStatus = statusOf(record.state)): object {
  const { ociVersion, id, pid, bundle, created, annotations } = record;
  return {
    ...{ ociVersion, id, pid: status === 'stopped' ? 0 : pid, status, bundle },
    rootfs: rootOf(record),
    created: new Date(created).toISOString(),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    owner: '',
  };
}
