// SPDX-License-Identifier: Apache-2.0
// Plans a new network: checks its name, and calls the driver's plan(). Pure except for the driver's queries to the host.

import { defined } from '../base/defined.js';
import type { ManagedDriver } from './drivers/driver.js';
import { NetworkError } from './errors.js';
import type { NetworkRecord } from './record.js';
import type { NetworkRequest } from './request.js';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const PROTOCOLS = ['tcp', 'udp'];
/** --network gives these words other meanings. */
const RESERVED = ['none', 'host', 'bridge', 'private', 'default', 'container', 'ns', 'pod'];

/** Throws ERR_USAGE for a name that cannot be used, and as the driver's plan() does. */
export function planNetwork(
  driver: Pick<ManagedDriver, 'name' | 'plan'>,
  request: NetworkRequest,
  others: readonly NetworkRecord[],
): NetworkRecord {
  const { name, disableDns = false, hostPorts = [], labels = {} } = request;
  if (!NAME.test(name) || RESERVED.includes(name))
    throw new NetworkError(
      'ERR_USAGE',
      `Cannot use the name "${name}": up to 63 letters, digits, "_", "." and "-" are allowed, a letter or digit first, and none of ${RESERVED.join(', ')}`,
    );
  for (const { port, protocol } of hostPorts)
    if (!Number.isInteger(port) || port < 1 || port > 65_535 || !PROTOCOLS.includes(protocol))
      throw new NetworkError(
        'ERR_USAGE',
        `Cannot open port ${port}/${protocol} of the host: 1 to 65535 of tcp or udp are allowed`,
      );
  if (hostPorts.length > 0 && request.cni !== undefined)
    throw new NetworkError(
      'ERR_USAGE',
      `Cannot open ports of the host to network "${name}": thaw has no rules for networks of CNI plugins`,
    );
  const opens = defined({ hostPorts: hostPorts.length > 0 ? hostPorts : undefined });
  const common = { name, driver: driver.name, hasDns: !disableDns, labels, created: Date.now() };
  return { ...common, ...opens, ...driver.plan(request, others) };
}
