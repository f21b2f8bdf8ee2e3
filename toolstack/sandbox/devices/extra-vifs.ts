// SPDX-License-Identifier: Apache-2.0
// Plugs and unplugs vifs of a running domain, beside the vif that each domain starts with.

import type { Domid } from '../../base/ids.js';
import { detachDevice } from '../../xen/device-detach.js';
import { attachDevices, devicePaths, libxlDeviceNodes, untilConnected } from '../../xen/devices.js';
import type { XenHost } from '../../xen/host.js';
import { writeLater } from '../../xen/records.js';
import { vif } from '../../xen/vif.js';

interface Owner {
  readonly domid: Domid;
  readonly record: { uuid: string };
}

/** Returns dom0's name for the back end of a vif. */
export function vifName({ domid }: Pick<Owner, 'domid'>, devid: number): string {
  return `vif${domid}.${devid}`;
}

/** Plugs a vif and resolves once the guest has it. First removes a vif that an earlier thawd did not finish. Rejects with ERR_XENSTORE_TIMEOUT. */
export async function plugVif(
  host: XenHost,
  { domid, record: { uuid } }: Owner,
  devid: number,
  mac: string,
): Promise<void> {
  const device = vif(devid, mac);
  const { frontend } = devicePaths(domid, 'vif', devid);
  const left = await host.xenstore.directory(frontend).catch(() => []);
  if (left.length > 0) await unplugVif(host, { domid }, devid);
  await attachDevices(host, domid, [device]);
  await writeLater(host, domid, uuid, libxlDeviceNodes(domid, device));
  await untilConnected(host, domid, 'vif', devid);
}

/** Removes a vif from dom0 and from the guest. Rejects when xenstore refuses. */
export async function unplugVif(
  host: XenHost,
  { domid }: Pick<Owner, 'domid'>,
  devid: number,
): Promise<void> {
  if (await detachDevice(host, domid, { kind: 'vif', devid })) return;
  host.log.warn(`Domain ${domid} did not release vif ${devid}: it was taken away`);
}

/** Removes the vifs beside the first that an earlier thawd plugged but did not record in `known`. Rejects when xenstore refuses. */
export async function sweepVifs(
  host: XenHost,
  { domid }: Pick<Owner, 'domid'>,
  known: readonly number[],
): Promise<void> {
  const path = `/local/domain/0/backend/vif/${domid}`;
  const there = await host.xenstore.directory(path).catch(() => []);
  for (const devid of there.map(Number))
    if (devid > 0 && !known.includes(devid)) await unplugVif(host, { domid }, devid);
}
