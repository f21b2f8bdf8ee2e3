// SPDX-License-Identifier: Apache-2.0

import type { NetworkRecord } from '../../../toolstack/network/record.js';

/** The record of an IPv4 network of the bridge thaw0, with these changes. */
export const networkRecord = (change: Partial<NetworkRecord> = {}): NetworkRecord => ({
  name: 'n',
  driver: 'bridge',
  bridge: 'thaw0',
  internal: false,
  hasDns: true,
  labels: {},
  created: 0,
  subnets: [{ subnet: '10.94.0.0/16', gateway: '10.94.0.1' }],
  ...change,
});
