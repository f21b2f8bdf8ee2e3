// SPDX-License-Identifier: Apache-2.0
// The Xen host: one libxl context, one xenstore connection, and the host's capabilities.

import { Libxl, type VersionInfo, type Physinfo } from '../../bindings/index.js';
import { ThawError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { openXenstore, type XenstoreClient } from '../../xenstore/index.js';

export interface XenHost {
  readonly libxl: Libxl;
  readonly xenstore: XenstoreClient;
  readonly log: Log;
  readonly version: VersionInfo;
}

export type GuestType = 'pv' | 'pvh';

/** Connects to Xen. Rejects with ERR_XEN_NO_XEN or ERR_XENSTORE_CONNECT where this is no control domain. */
export async function openXenHost(log: Log): Promise<XenHost> {
  const libxl = await Libxl.open({ log: (level, message) => log.log(level, `libxl: ${message}`) });
  try {
    const xenstore = await openXenstore({ timeoutMs: XENSTORE_MS });
    return { libxl, xenstore, log, version: await libxl.versionInfo() };
  } catch (error) {
    await libxl.close();
    throw error;
  }
}

/** A busy host's xenstored may take long over a commit; only a dead one takes so long. */
const XENSTORE_MS = 120_000;

export async function closeXenHost(host: XenHost): Promise<void> {
  await host.xenstore.close();
  await host.libxl.close();
}

/** Returns the requested type. By default it is PVH where the host has hardware-assisted paging, else PV. Throws ERR_XEN_TYPE. */
export function guestTypeOn(physinfo: Physinfo, wanted?: GuestType): GuestType {
  if (wanted) checkGuestType(physinfo, wanted);
  return wanted ?? (physinfo.capabilities.hap ? 'pvh' : 'pv');
}

/** Throws ERR_XEN_TYPE, which names the missing feature, where the host cannot run guests of this type. */
export function checkGuestType(physinfo: Physinfo, type: GuestType): void {
  if (type === 'pv' && !physinfo.capabilities.pv) {
    throw new ThawError('ERR_XEN_TYPE', 'This host cannot run PV guests: use --type pvh');
  }
  if (type === 'pvh' && !physinfo.capabilities.hap) {
    throw new ThawError(
      'ERR_XEN_TYPE',
      'This host cannot run PVH guests: its CPU or Xen has no HAP; use --type pv',
    );
  }
}
