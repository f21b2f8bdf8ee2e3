// SPDX-License-Identifier: Apache-2.0
// Files written by a container without --rm survive every kind of end and a restart, and are removed with the container.

import { existsSync, statSync } from 'node:fs';
import {
  busybox,
  command,
  guestType,
  killThawd,
  list,
  run,
  running,
  runWords,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { long, longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';

const fileOf = (id: string) => `/var/lib/thaw/containers/${id}/upper.ext4`;

async function found(name: string) {
  const one = (await list()).find((c) => c.name === name);
  if (!one) throw new Error(`no container ${name}`);
  return one;
}

async function ended(name: string, state = 'exited') {
  return until(`${name} has ended`, async () => (await found(name)).state === state);
}

/** A container that sleeps until it is stopped, with a file in it. */
async function sleeper(name: string, ...options: string[]): Promise<string> {
  const script = 'trap exit TERM; [ -e /kept ] || date > /kept; sleep 1000 & wait';
  const words = ['-d', '--name', name, ...options, busybox, 'sh', '-c', script];
  const { stdout, stderr } = await thaw(runWords(...words));
  await until(
    `${name} has written`,
    async () => (await thaw(['exec', name, 'cat', '/kept'])).stdout,
  );
  return stdout.trim() || stderr;
}

long('the memory that comes by itself is enough to mount it', async (t) => {
  t.timeout(300_000);
  // Not runWords(): its options give the guest this memory before the mount.
  const words = ['run', '--type', guestType, '--name', 'default', busybox, 'echo', 'mounted'];
  t.like(await thaw(words), { status: 0, stdout: 'mounted\n' });
  await thaw(['rm', 'default']);
});

longOnPv('what it wrote is there at the next start, and goes with it', async (t) => {
  t.timeout(300_000);
  const script =
    'echo x >> /lines; mkdir -p /etc/own; rm -f /etc/passwd; wc -l < /lines; ls /etc/passwd /etc/own';
  const first = await thaw(runWords('--name', 'again', busybox, 'sh', '-c', script));
  t.regex(first.stdout, /^1\n/);
  const { id } = await found('again');
  t.true(existsSync(fileOf(id)));
  // A file of 10 GiB that occupies a few MiB.
  t.is(statSync(fileOf(id)).size, 10 * 2 ** 30);
  t.true(statSync(fileOf(id)).blocks * 512 < 16 * 2 ** 20);
  const second = await thaw(['start', '--attach', 'again']);
  t.regex(second.stdout, /^2\n/);
  t.regex(second.stderr, /passwd: No such file/);
  await thaw(['rm', 'again']);
  t.false(existsSync(fileOf(id)));
});

once('it survives stop, restart, a killed thawd and a destroyed domain', async (t) => {
  t.timeout(600_000);
  await sleeper('lasting');
  const read = async () => (await thaw(['exec', 'lasting', 'cat', '/kept'])).stdout;
  const first = await read();
  t.is((await thaw(['restart', 'lasting'])).status, 0);
  t.is(await read(), first);
  await killThawd();
  await startThawd();
  t.is(await read(), first);
  t.is((await thaw(['stop', 'lasting'])).status, 0);
  t.is((await thaw(['start', 'lasting'])).status, 0);
  t.is(await read(), first);
  // Data that the guest had not written back is lost, as with any crash. The file system is sound.
  await thaw([
    'exec',
    'lasting',
    'sh',
    '-c',
    'yes | head -c 5000000 > /big; sync; echo later > /unsynced',
  ]);
  await command('xl', ['destroy', String((await running('lasting')).domid)]);
  await ended('lasting', 'lost');
  t.is((await thaw(['start', 'lasting'])).status, 0);
  t.is(await read(), first);
  t.is((await thaw(['exec', 'lasting', 'sh', '-c', 'wc -c < /big'])).stdout, '5000000\n');
  await thaw(['rm', '--force', 'lasting']);
});

once('a full writable layer is ENOSPC in the container, and nothing else', async (t) => {
  t.timeout(300_000);
  const fill =
    'dd if=/dev/zero of=/big bs=64k 2>&1; echo "status $?"; rm /big; echo ok > /small; cat /small';
  const disk = await thaw(
    runWords('--name', 'full', '--storage-opt', 'size=32m', busybox, 'sh', '-c', fill),
  );
  t.regex(disk.stdout, /No space left on device/);
  t.regex(disk.stdout, /status 1\nok\n$/);
  t.is((await thaw(['start', '--attach', 'full'])).stdout.split('\n').at(-2), 'ok');
  await thaw(['rm', 'full']);
  const memory = await run(['--storage-opt', 'size=1m', busybox, 'sh', '-c', fill]);
  t.regex(memory.stderr + memory.stdout, /32m to 16t/);
  const tmpfs = await run([
    '--memory',
    '128m',
    '--storage-opt',
    'size=32m',
    busybox,
    'sh',
    '-c',
    fill,
  ]);
  t.regex(tmpfs.stdout, /No space left on device/);
  t.regex(tmpfs.stdout, /status 1\nok\n$/);
});

longOnPv('a read-only container keeps its tmpfs and starts again', async (t) => {
  t.timeout(300_000);
  const script = 'touch /no 2>/dev/null && echo wrote; touch /tmp/yes && echo fine';
  const words = runWords('--name', 'locked', '--read-only', busybox, 'sh', '-c', script);
  t.is((await thaw(words)).stdout, 'fine\n');
  t.is((await thaw(['start', '--attach', 'locked'])).stdout, 'fine\n');
  await thaw(['rm', 'locked']);
});

longOnce('--rm has no file, and what is freed in a container is free on the host', async (t) => {
  t.timeout(300_000);
  await sleeper('fleeting', '--rm');
  t.false(existsSync(fileOf((await found('fleeting')).id)));
  await thaw(['rm', '--force', 'fleeting']);
  await sleeper('thrifty');
  const file = fileOf((await found('thrifty')).id);
  const mib = () => (statSync(file).blocks * 512) / 2 ** 20;
  await thaw(['exec', 'thrifty', 'sh', '-c', 'yes | head -c 30000000 > /big; sync']);
  const full = mib();
  t.true(full > 28, `${full} MiB`);
  await thaw(['exec', 'thrifty', 'sh', '-c', 'rm /big; sync']);
  await until('its blocks are given back', () => mib() < full - 20);
  await thaw(['rm', '--force', 'thrifty']);
});

long('a clone goes on with a disk of its own, and so does a frozen container', async (t) => {
  t.timeout(600_000);
  await sleeper('parent');
  const kept = (await thaw(['exec', 'parent', 'cat', '/kept'])).stdout;
  // Not synced on purpose: the data is in the memory that the checkpoint saves.
  await thaw(['exec', 'parent', 'sh', '-c', 'echo before > /shared']);
  const cloned = await thaw(['clone', '--name', 'child', 'parent']);
  t.is(cloned.status, 0, cloned.stderr);
  const frozen = await thaw([
    'freeze',
    '--after',
    'echo frozen > /state',
    '--name',
    'kept-disk',
    'parent',
  ]);
  t.is(frozen.status, 0, frozen.stderr);
  const write = (name: string) => thaw(['exec', name, 'sh', '-c', `echo ${name} >> /shared; sync`]);
  await Promise.all([write('parent'), write('child')]);
  const read = async (name: string, file: string) =>
    (await thaw(['exec', name, 'cat', file])).stdout;
  t.is(await read('parent', '/shared'), 'before\nparent\n');
  t.is(await read('child', '/shared'), 'before\nchild\n');
  t.is(await read('child', '/kept'), kept);
  const words = ['run', '-d', '--name', 'thawed', '--frozen', 'kept-disk'];
  const thawed = await thaw(words);
  t.is(thawed.status, 0, thawed.stderr);
  t.is(await read('thawed', '/state'), 'frozen\n');
  t.is(await read('thawed', '/shared'), 'before\n');
  await thaw(['exec', 'thawed', 'sh', '-c', 'yes | head -c 3000000 > /big; sync']);
  t.is(await read('parent', '/kept'), kept);
  t.is((await thaw(['rm', '--force', 'parent', 'child', 'thawed'])).status, 0);
  await thaw(['unfreeze', 'kept-disk']);
  t.is((await command('sh', ['-c', 'ls -A /var/lib/thaw/copies 2>/dev/null | wc -l'])).trim(), '0');
});
