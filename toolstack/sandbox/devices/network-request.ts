// SPDX-License-Identifier: Apache-2.0
// Attaches a sandbox to the network that its user chose.

import type { CreateOptions } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { DEFAULT_NETWORK, type Attachment } from '../../network/index.js';
import { asDomid, type Domid } from '../../base/ids.js';
import { devicePaths } from '../../xen/devices.js';
import type { XenHost } from '../../xen/host.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';
import { vifName } from './extra-vifs.js';

/** The user's network options. */
export type NetworkOptions = Pick<
  CreateOptions,
  'network' | 'maySpoof' | 'networkAliases' | 'ip' | 'ip6' | 'publish' | 'macAddress'
>;

/** Returns undefined for a sandbox without a network. Rejects as Networks.attach() does. */
export async function attachNetwork(
  { networks }: Pick<SandboxServices, 'networks'>,
  name: string,
  options: NetworkOptions,
): Promise<Attachment | undefined> {
  const { network, maySpoof, ip, ip6, macAddress: mac } = options;
  const { publish: ports = [], networkAliases = [] } = options;
  // A host without networks still runs containers.
  const wanted =
    network ?? (networks.defaultBridge === '' && ports.length === 0 ? 'none' : DEFAULT_NETWORK);
  if (wanted === 'none') return undefined;
  return networks.attach({
    network: wanted,
    names: [name, ...networkAliases],
    ip,
    ip6,
    mac,
    ports,
    ...defined({ maySpoof }),
  });
}

/** Takes over the attachment of a sandbox that an earlier thawd made. Rejects when xenstore does not answer. */
export async function adoptAttachment(
  { host, networks }: Pick<SandboxServices, 'host' | 'networks'>,
  { network, domid, mac }: SandboxRecord,
): Promise<void> {
  if (!network) return;
  const own = domid === undefined ? undefined : { domid: asDomid(domid) };
  // Xen may have given the domid of an ended sandbox to another domain.
  const isOwn = own !== undefined && (await macOf(host, own.domid)) === mac;
  await networks.adopt(network, isOwn ? { vif: vifName(own, 0), mac } : undefined);
}

/** Resolves with the MAC of a domain's first vif; undefined where it has none yet. */
function macOf({ xenstore }: XenHost, domid: Domid): Promise<string | undefined> {
  return xenstore.readIfExists(`${devicePaths(domid, 'vif', 0).backend}/mac`);
}
