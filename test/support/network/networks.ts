// SPDX-License-Identifier: Apache-2.0
// Opens the networks of a fake host that has no name server.

import { join } from 'node:path';
import { silentLog } from '../../../toolstack/base/log.js';
import { NameServer, Networks } from '../../../toolstack/network/index.js';
import { FakeHostNetwork } from './fake-host-network.js';

/** Opens the networks with their files below `folder`, perhaps from an earlier call. CNI plugins are in `folder`/plugins. */
export function openNetworks(folder: string, host = new FakeHostNetwork()): Promise<Networks> {
  const log = silentLog();
  return Networks.open(join(folder, 'networks'), {
    host,
    log,
    names: new NameServer(join(folder, 'dns'), log, undefined),
    cni: {
      folder: join(folder, 'cni'),
      namespaces: join(folder, 'netns'),
      programs: [join(folder, 'plugins')],
    },
  });
}
