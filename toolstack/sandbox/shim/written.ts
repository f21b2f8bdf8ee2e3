// SPDX-License-Identifier: Apache-2.0
// How much has each sandbox's shim, with its file servers, written to disks of dom0: logs, and files of shares (proc_pid_io(5)).

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The shim and its file servers have the number of their domain as the value of their first option. */
const OF_DOMAIN = /^[^\0]*thaw-shim\0--[a-z]+\0(\d+)\0/;

/**
 * Resolves with the bytes that the processes in the sandboxes' cgroups below `folder` have written, by domid. A process that has ended counts no more,
 * so a number may become smaller. Never rejects: a process that ends meanwhile is left out.
 */
export async function writtenIn(folder: string, proc = '/proc'): Promise<Map<number, number>> {
  const written = new Map<number, number>();
  for (const name of await readdir(folder).catch(() => [])) {
    const text = await readFile(join(folder, name, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const pid of text.match(/\d+/g) ?? []) {
      const [command, io] = await Promise.all(
        ['cmdline', 'io'].map((file) => readFile(join(proc, pid, file), 'utf8').catch(() => '')),
      );
      const domid = OF_DOMAIN.exec(command ?? '')?.[1];
      const bytes = /^write_bytes: (\d+)$/m.exec(io ?? '')?.[1];
      if (domid === undefined || bytes === undefined) continue;
      written.set(Number(domid), (written.get(Number(domid)) ?? 0) + Number(bytes));
    }
  }
  return written;
}
