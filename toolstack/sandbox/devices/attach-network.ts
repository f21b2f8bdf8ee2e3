// SPDX-License-Identifier: Apache-2.0
// Which network is a sandbox to be in, and what does it have there?

import type { CreateOptions } from '../../api/engine.js';
import { DEFAULT_NETWORK, type Attachment } from '../../network/index.js';
import type { SandboxServices } from '../services.js';

/** What its user said of that. */
export type NetworkWish = Pick<
  CreateOptions,
  'network' | 'networkAliases' | 'ip' | 'ip6' | 'publish' | 'macAddress'
>;

/** Its place in the network that it is to be in; undefined for none. Rejects as Networks.attach() does. */
export async function attachNetwork(
  { networks }: Pick<SandboxServices, 'networks'>,
  name: string,
  { network, ip, ip6, macAddress: mac, publish: ports = [], networkAliases = [] }: NetworkWish,
): Promise<Attachment | undefined> {
  // A host without networks is no reason to run nothing.
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
