// SPDX-License-Identifier: Apache-2.0
// Attaches a sandbox to the network that its user chose.

import type { CreateOptions } from '../../api/engine.js';
import { DEFAULT_NETWORK, type Attachment } from '../../network/index.js';
import type { SandboxServices } from '../services.js';

/** The user's network options. */
export type NetworkOptions = Pick<
  CreateOptions,
  'network' | 'networkAliases' | 'ip' | 'ip6' | 'publish' | 'macAddress'
>;

/** Returns undefined for a sandbox without a network. Rejects as Networks.attach() does. */
export async function attachNetwork(
  { networks }: Pick<SandboxServices, 'networks'>,
  name: string,
  { network, ip, ip6, macAddress: mac, publish: ports = [], networkAliases = [] }: NetworkOptions,
): Promise<Attachment | undefined> {
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
  });
}
