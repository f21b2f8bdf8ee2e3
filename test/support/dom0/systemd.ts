// SPDX-License-Identifier: Apache-2.0
// Runs Debian's systemd in the lab's dom0, whose own PID 1 is busybox: as PID 1 of a PID namespace, on dom0's files, devices and network. It must not
// change a dom0 that has already booted.

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { command, pidsOf, until } from './thaw.js';

const RUN = '/run/systemd';
const CGROUP = '/sys/fs/cgroup/systemd';
const UNITS = '/usr/lib/systemd/system';
const SYSTEMD = /^\/usr\/lib\/systemd\/systemd --system/;
/** Only these of Debian's units start. */
const WANTED = /^(thawd\.|systemd-journald(-dev-log)?\.|modprobe@)/;
const SLOW = '[Service]\nTimeoutStartSec=300\n';
const BOOT = `echo $$ >${CGROUP}/cgroup.procs
exec unshare --fork --kill-child --pid --mount --cgroup sh -c '
mount -t proc proc /proc && mount -t xenfs xenfs /proc/xen && umount /sys/fs/cgroup && mount -t cgroup2 cgroup /sys/fs/cgroup &&
exec env -i container=lab PATH="$PATH" /usr/lib/systemd/systemd --system --unit=multi-user.target'`;

export interface Systemd {
  /** Runs a command in systemd's namespaces: `systemctl`, `journalctl`. Rejects when it fails. */
  run(...words: string[]): Promise<string>;
  /** Ends systemd and everything that runs under it. */
  end(): Promise<void>;
}

/** Resolves once systemd has started its units. */
export async function startSystemd(): Promise<Systemd> {
  mkdirSync(join(RUN, 'system'), { recursive: true });
  mkdirSync(CGROUP, { recursive: true });
  for (const unit of readdirSync(UNITS))
    if (/\.(service|socket|timer|path|automount)$/.test(unit) && !WANTED.test(unit))
      symlinkSync('/dev/null', join(RUN, 'system', unit));
  // On a busy machine thawd takes longer to start than systemd's limit of a minute and a half.
  mkdirSync(join(RUN, 'system', 'thawd.service.d'), { recursive: true });
  writeFileSync(join(RUN, 'system', 'thawd.service.d', 'slow.conf'), SLOW);
  spawn('setsid', ['sh', '-c', BOOT], { detached: true, stdio: 'ignore' }).unref();
  const pid = await until('systemd runs', () => pidsOf(SYSTEMD)[0]);
  const run = (...words: string[]): Promise<string> =>
    command('nsenter', ['-t', String(pid), '--pid', '--mount', '--cgroup', ...words], 150_000);
  const end = async (): Promise<void> => {
    process.kill(pid, 'SIGKILL');
    await until('systemd is gone', () => !existsSync(`/proc/${pid}`));
    rmSync(RUN, { recursive: true, force: true });
    await until('its cgroups are empty', () => removeCgroups(CGROUP));
  };
  await until('systemd has started', async () =>
    /^(running|degraded)$/m.test(
      await run('sh', '-c', 'systemctl is-system-running || true').catch(() => ''),
    ),
  );
  return { run, end };
}

function removeCgroups(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeCgroups(join(folder, entry.name));
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
