// SPDX-License-Identifier: Apache-2.0
// Clones of one template: many at once, each with an identity and a size of its own.

import test from 'ava';
import { busybox, debian, run } from '../../support/dom0/thaw.js';
import { long, longOnPv } from '../../support/long.js';

long('ten containers at once all run', async (t) => {
  t.timeout(600_000);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      run(['-i', '--memory', '64m', busybox, 'sh', '-c', `cat; exit ${i}`], {
        input: `input ${i}`,
      }),
    ),
  );
  outcomes.forEach(({ status, stdout, stderr }, i) => {
    t.is(stderr, '');
    t.is(stdout, `input ${i}`);
    t.is(status, i);
  });
});

test.serial(
  'two clones differ in random numbers, boot entropy, hostname, machine-id and MAC',
  async (t) => {
    t.timeout(300_000);
    const script =
      'head -c 32 /dev/urandom | sha256sum; cat /proc/sys/kernel/random/uuid; hostname; cat /etc/machine-id; cat /sys/class/net/eth0/address';
    const [one, two] = await Promise.all([
      run([busybox, 'sh', '-c', script]),
      run([busybox, 'sh', '-c', script]),
    ]);
    const [first, second] = [one.stdout.trim().split('\n'), two.stdout.trim().split('\n')];
    t.is(first.length, 5);
    first.forEach((line, i) => t.not(line, second[i]));
    t.regex(first[3] ?? '', /^[0-9a-f]{32}$/);
    t.regex(first[4] ?? '', /^00:16:3e(:[0-9a-f]{2}){3}$/);
  },
);

test.serial(
  'a container of 64 MiB runs, one of 1 GiB has it, from the same template',
  async (t) => {
    t.timeout(300_000);
    const script = "awk '/MemTotal/ {print $2}' /proc/meminfo";
    const small = Number((await run(['--memory', '64m', busybox, 'sh', '-c', script])).stdout);
    const large = Number((await run(['--memory', '1g', busybox, 'sh', '-c', script])).stdout);
    t.true(small > 32 * 1024 && small <= 64 * 1024, `64m gives ${small} KiB`);
    t.true(large > 960 * 1024 && large <= 1024 * 1024, `1g gives ${large} KiB`);
  },
);

// perl folds the constant and copies it: twice the size.
long('memory that was asked for can be used', async (t) => {
  t.timeout(300_000);
  const { status, stdout } = await run([
    '--memory',
    '512m',
    debian,
    'perl',
    '-e',
    'my $x = "a" x (150 * 1024 * 1024); print length($x)',
  ]);
  t.is(status, 0);
  t.is(stdout, String(150 * 1024 * 1024));
});

test.serial('a container of two CPUs has two, one of half a CPU has a quota', async (t) => {
  t.timeout(300_000);
  t.is((await run(['--cpus', '2', busybox, 'nproc'])).stdout, '2\n');
  t.is(
    (await run(['--cpus', '0.5', busybox, 'cat', '/sys/fs/cgroup/cpu.max'])).stdout,
    '50000 100000\n',
  );
});

longOnPv('a Debian image runs perl', async (t) => {
  t.timeout(300_000);
  const { status, stdout } = await run([debian, 'perl', '-e', 'print "perl $^V\\n"; exit 5']);
  t.regex(stdout, /^perl v5\./);
  t.is(status, 5);
});
