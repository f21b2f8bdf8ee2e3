// SPDX-License-Identifier: Apache-2.0
// Writes libxl's own copy of a domain's configuration. xl needs this file to set memory or vCPUs of a clone.

import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../base/errors.js';
import type { Domid } from '../base/ids.js';

/** The folder of libxl 4.20's files (libxl__userdata_path). */
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

/** Changes the name in the file. A missing file is no error: its domain has ended. */
export async function renameUserdata(
  domid: Domid,
  uuid: string,
  name: string,
  folder = FOLDER,
): Promise<void> {
  try {
    // The file is changed in place: a new one could outlive the domain, whose end may remove this one meanwhile.
    const file = await open(userdataPath(folder, domid, uuid), 'r+');
    try {
      const config = JSON.parse(await file.readFile('utf8')) as { c_info: { name: string } };
      config.c_info.name = name;
      const text = Buffer.from(JSON.stringify(config));
      await file.write(text, 0, text.length, 0);
      await file.truncate(text.length);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes all of libxl's files for the domain. Missing files are no error. */
export async function removeUserdata(domid: Domid, uuid: string, folder = FOLDER): Promise<void> {
  await rm(userdataPath(folder, domid, uuid), { force: true });
}

function userdataPath(folder: string, domid: Domid, uuid: string): string {
  return join(folder, `userdata-d.${domid}.${uuid}.libxl-json`);
}
