// SPDX-License-Identifier: Apache-2.0
// All networks of a host that only writes down what it is told, and has no name server.

import { join } from 'node:path';
import { silentLog } from '../../../toolstack/base/log.js';
import { CniPlaces, NameServer, Networks } from '../../../toolstack/network/index.js';
import { FakeHostNetwork } from './fake-host-network.js';

/** Below `folder`, where an earlier one may have left its files; its CNI plugins are in `folder`/plugins. */
export function openNetworks(folder: string, host = new FakeHostNetwork()): Promise<Networks> {
  const log = silentLog();
  return Networks.open(join(folder, 'networks'), {
    ...{ host, log },
    names: new NameServer(join(folder, 'dns'), log, undefined),
    cni: new CniPlaces(
      {
        folder: join(folder, 'cni'),
        namespaces: join(folder, 'netns'),
        programs: [join(folder, 'plugins')],
      },
      log,
    ),
  });
}
