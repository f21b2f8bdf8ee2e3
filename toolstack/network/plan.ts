// SPDX-License-Identifier: Apache-2.0
// Plans a new network: checks its name, and calls the driver's plan(). Pure except for the driver's queries to the host.

import type { ManagedDriver } from './drivers/driver.js';
import { NetworkError } from './errors.js';
import type { NetworkRecord } from './record.js';
import type { NetworkRequest } from './request.js';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
/** --network gives these words other meanings. */
const RESERVED = ['none', 'host', 'bridge', 'private', 'default', 'container', 'ns', 'pod'];

/** Throws ERR_USAGE for a name that cannot be used, and as the driver's plan() does. */
export function planNetwork(
  driver: Pick<ManagedDriver, 'name' | 'plan'>,
  request: NetworkRequest,
  others: readonly NetworkRecord[],
): NetworkRecord {
  const { name, disableDns = false, labels = {} } = request;
  if (!NAME.test(name) || RESERVED.includes(name))
    throw new NetworkError(
      'ERR_USAGE',
      `Cannot use the name "${name}": up to 63 letters, digits, "_", "." and "-" are allowed, a letter or digit first, and none of ${RESERVED.join(', ')}`,
    );
  const common = { name, driver: driver.name, hasDns: !disableDns, labels, created: Date.now() };
  return { ...common, ...driver.plan(request, others) };
}
