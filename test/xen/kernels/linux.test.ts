// SPDX-License-Identifier: Apache-2.0
// Boots the guest kernel with a shell as PID 1 and without thaw, as PV and PVH. Checks the features that the agent and containers need,
// growth of vCPUs and memory, and a restore.
import test from 'ava';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../../support/within.js';
import { GUEST, xl } from '../../support/xen/xen-guest.js';

const BUSYBOX = '/bin/busybox';
/** The kernel under test: from the folder that the tests name, or the installed kernel. */
const guest = existsSync(path.join(GUEST, 'vmlinux')) ? GUEST : '/usr/lib/thaw/guest';

/**
 * Prints "has WHAT" for each feature found, then a beat each second, and every change of CPUs and memory. When memory begins to grow,
 * two processes take 80 MiB each, faster than it grows, so that no free page is left for the next step of growth.
 */
const INIT = `#!/bin/busybox sh
exec >/dev/console 2>&1
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t cgroup2 cgroup /sys/fs/cgroup
for node in evtchn gntdev gntalloc xenbus; do [ -c /dev/xen/$node ] && echo "has /dev/xen/$node"; done
for name in /proc/modules /proc/kallsyms /dev/mem /dev/xen/privcmd; do [ -e $name ] && echo "has $name"; done
for fs in $(awk '{ print $NF }' /proc/filesystems); do echo "has fs $fs"; done
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "has controller $controller"; done
for ns in $(ls /proc/self/ns); do echo "has ns $ns"; done
for action in $(cat /proc/sys/kernel/seccomp/actions_avail); do echo "has seccomp $action"; done
mkdir /t && mount -t tmpfs t /t && mkdir /t/up /t/work /t/low /t/all && echo low >/t/low/file
mount -t overlay o -o lowerdir=/t/low,upperdir=/t/up,workdir=/t/work /t/all && [ "$(cat /t/all/file)" = low ] && echo 'has overlay on tmpfs'
echo "has clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
mkdir /eaten && mount -t tmpfs -o size=200m eaten /eaten
memory() { awk '/MemTotal/ { print $2 }' /proc/meminfo; }
first=$(memory)
for half in 1 2; do
  (while [ "$(memory)" = "$first" ]; do sleep 0.02; done; dd if=/dev/zero of=/eaten/$half bs=1M count=80 && echo "ate half $half") 2>/dev/null &
done
echo ready
while true; do
  for cpu in /sys/devices/system/cpu/cpu[1-9]; do [ "$(cat $cpu/online)" = 0 ] && echo 1 >$cpu/online; done 2>/dev/null
  now="cpus $(nproc) memory $(awk '/MemTotal/ { print $2 }' /proc/meminfo)"
  [ "$now" = "$last" ] || echo "$now"
  last=$now
  echo beat
  sleep 1
done
`;

const NEEDED = [
  ...['evtchn', 'gntdev', 'gntalloc', 'xenbus'].map((node) => `/dev/xen/${node}`),
  ...['erofs', 'overlay', 'ext4', 'tmpfs', 'ramfs', '9p', 'proc', 'devpts'].map((fs) => `fs ${fs}`),
  ...['memory', 'pids', 'cpu', 'cpuset', 'io'].map((controller) => `controller ${controller}`),
  ...['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'].map((ns) => `ns ${ns}`),
  ...['errno', 'trap', 'user_notif'].map((action) => `seccomp ${action}`),
  'overlay on tmpfs',
  'clock xen',
];
const UNWANTED = ['/proc/modules', '/proc/kallsyms', '/dev/mem', '/dev/xen/privcmd'];

function packInitrd(folder: string): string {
  const root = path.join(folder, 'root');
  for (const name of ['bin', 'dev', 'proc', 'sys'])
    mkdirSync(path.join(root, name), { recursive: true });
  copyFileSync(BUSYBOX, path.join(root, 'bin/busybox'));
  writeFileSync(path.join(root, 'init'), INIT);
  chmodSync(path.join(root, 'init'), 0o755);
  execFileSync('mknod', [path.join(root, 'dev/console'), 'c', '5', '1']);
  const initrd = path.join(folder, 'initrd');
  execFileSync('sh', ['-c', `find . | ${BUSYBOX} cpio -o -H newc >"$0" 2>/dev/null`, initrd], {
    cwd: root,
  });
  return initrd;
}

for (const type of ['pv', 'pvh'] as const) {
  test.serial(`the kernel boots, grows at one go and resumes (${type})`, async (t) => {
    t.timeout(600_000);
    const folder = mkdtempSync(path.join(tmpdir(), 'thaw-kernel-'));
    const name = `thaw-kernel-${process.pid}-${type}`;
    const config = [
      `name = "${name}"`,
      `type = "${type}"`,
      `kernel = "${guest}/vmlinux"`,
      `ramdisk = "${packInitrd(folder)}"`,
      `cmdline = "${readFileSync(path.join(guest, 'cmdline'), 'utf8').trim()}"`,
      'memory = 20',
      'vcpus = 1',
      'maxvcpus = 2',
      'on_crash = "preserve"',
    ];
    writeFileSync(path.join(folder, 'config'), config.join('\n'));
    const log = `/var/log/xen/console/guest-${name}.log`;
    // xenconsoled creates the log at the guest's first output.
    const said = () => (existsSync(log) ? readFileSync(log, 'utf8').split(/\r?\n/) : []);
    const memoryKib = () => Number(/memory (\d+)/.exec(said().findLast(isState) ?? '')?.[1]);
    xl('create', path.join(folder, 'config'));
    try {
      await until('the guest is ready', () => said().includes('ready'), 120_000);
      const has = new Set(said().map((line) => line.replace(/^has /, '')));
      t.deepEqual(
        NEEDED.filter((what) => !has.has(what)),
        [],
      );
      t.deepEqual(
        UNWANTED.filter((what) => has.has(what)),
        [],
      );

      xl('vcpu-set', '--ignore-host', name, '2');
      await until('two CPUs run', () => said().some((line) => line.startsWith('cpus 2')), 120_000);

      xl('mem-max', name, '256');
      xl('mem-set', name, '256');
      await until('it has 256 MiB', () => memoryKib() > (256 - 24) * 1024, 120_000);
      const ate = () => said().filter((line) => line.startsWith('ate half')).length;
      await until('nobody was killed', () => ate() === 2, 120_000);

      const image = path.join(folder, 'image');
      xl('save', name, image);
      xl('restore', image);
      // A restored guest misses changes made before it watches xenstore again.
      const beats = () => said().filter((line) => line === 'beat').length;
      const before = beats();
      await until('it lives again', () => beats() > before + 2, 120_000);
      xl('vcpu-set', name, '1');
      await until(
        'it lives on with one CPU',
        () => /^cpus 1/.test(said().findLast(isState) ?? ''),
        120_000,
      );
    } catch (error) {
      t.log(said().join('\n'));
      throw error;
    } finally {
      xl('destroy', name);
      rmSync(folder, { recursive: true });
    }
  });
}

function isState(line: string): boolean {
  return line.startsWith('cpus ');
}
