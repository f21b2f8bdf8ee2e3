// SPDX-License-Identifier: Apache-2.0
// Checks of thaw doctor for the disks that hold thaw's files: near its reserve a disk takes no more images, and guests on it may be paused.

import { errorMessage } from '../../../base/errors.js';
import { formatBytes } from '../../../base/text.js';
import {
  diskFolders,
  DiskReserve,
  kernelDisks,
  parseReserve,
  type DiskCalls,
  type ReservedFilesystem,
} from '../../../disk/index.js';
import { readConfig } from '../../options/config-file.js';
import { CONFIG_PATH, THAWD_DEFAULTS, THAWD_OPTIONS } from '../../options/thawd.js';
import type { Finding } from './finding.js';

/** With less than so many reserves free, a single pull may reach the reserve. */
const NEAR = 1.5;

/** Resolves with a finding for each filesystem that thawd uses by its configuration file. Never rejects. `config` and `calls` are for tests. */
export async function diskChecks(
  config = CONFIG_PATH,
  calls: DiskCalls = kernelDisks,
): Promise<Finding[]> {
  try {
    const given = readConfig(config, Object.keys(THAWD_OPTIONS), false);
    const state = given['state'] ?? THAWD_DEFAULTS.state ?? '';
    const setting = parseReserve('disk-reserve', given['disk-reserve'] ?? '');
    const reserve = new DiskReserve({ folders: diskFolders(state), setting, calls });
    return (await reserve.filesystems()).map(findingOf);
  } catch (error) {
    const remedy = 'thaw config (prints a configuration file that is sound)';
    return [{ what: 'disks', state: 'warning', detail: errorMessage(error), remedy }];
  }
}

function findingOf({ path, freeBytes, totalBytes, reserveBytes }: ReservedFilesystem): Finding {
  const what = `disk of ${path}`;
  const free = `${formatBytes(freeBytes)} free of ${formatBytes(totalBytes)}`;
  if (reserveBytes === 0) return { what, state: 'ok', detail: `${free}, without a reserve` };
  const detail = `${free}, of which ${formatBytes(reserveBytes)} stay free`;
  if (freeBytes >= NEAR * reserveBytes) return { what, state: 'ok', detail };
  return {
    what,
    state: 'warning',
    detail: `${detail} (docs/disk.md)`,
    remedy: 'thaw system prune (removes things that no container uses), or a larger disk',
  };
}
