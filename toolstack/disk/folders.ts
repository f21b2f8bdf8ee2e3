// SPDX-License-Identifier: Apache-2.0
// Names the folders of thaw's whose filesystems keep a reserve. Each may be a filesystem of its own.

import { join } from 'node:path';
import type { KeptFolder } from './filesystems.js';

/** By their names in the state folder, the things that they hold. */
const HOLDS = {
  containers: 'writable layers and logs',
  volumes: 'volumes',
  images: 'images',
  frozen: 'frozen images',
  'engine-layers': "engines' layers",
  copies: 'copies',
  templates: 'templates',
} as const;

/** Returns the folders below the state folder, which is that of `thawd --state`. Pure. */
export function diskFolders(state: string): KeptFolder[] {
  return Object.entries(HOLDS).map(([name, holds]) => ({ path: join(state, name), holds }));
}
