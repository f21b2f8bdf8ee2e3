// SPDX-License-Identifier: Apache-2.0
// libxl's own copy of a domain's configuration, a file for each domain: without it xl cannot set memory or vCPUs of a clone.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Domid } from '../base/ids.js';

/** Where libxl 4.20 looks (libxl__userdata_path). */
const FOLDER = '/var/lib/xen';

/** Writes the configuration of a new domain, as domainCreateNew() would take it. */
export async function writeUserdata(
  domid: Domid,
  uuid: string,
  config: object,
  folder = FOLDER,
): Promise<void> {
  await writeFile(userdataPath(folder, domid, uuid), JSON.stringify(config), { mode: 0o600 });
}

/** Removes all that libxl keeps for the domain; nothing there is no error. */
export async function removeUserdata(domid: Domid, uuid: string, folder = FOLDER): Promise<void> {
  await rm(userdataPath(folder, domid, uuid), { force: true });
}

function userdataPath(folder: string, domid: Domid, uuid: string): string {
  return join(folder, `userdata-d.${domid}.${uuid}.libxl-json`);
}
