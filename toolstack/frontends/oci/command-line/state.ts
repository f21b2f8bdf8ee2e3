// SPDX-License-Identifier: Apache-2.0
// Returns a container's state in the specification's form (runtime.md, State), for container engines and hooks. Pure.

import { rootOf, type OciRecord } from '../container/record.js';
import { statusOf, type OciStatus } from '../container/status.js';

/** Returns the state as runc prints it, with the container's own status unless the caller gives one. */
export function stateOf(record: OciRecord, status: OciStatus = statusOf(record.state)): object {
  const { ociVersion, id, pid, bundle, created, annotations } = record;
  return {
    ociVersion,
    id,
    pid: status === 'stopped' ? 0 : pid,
    status,
    bundle,
    rootfs: rootOf(record),
    created: new Date(created).toISOString(),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    owner: '',
  };
}
