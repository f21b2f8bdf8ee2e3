// SPDX-License-Identifier: Apache-2.0
// thaw run: the container's environment, and the output and status that it returns.

import test from 'ava';
import {
  busybox,
  guestType,
  run,
  running,
  runWords,
  startThaw,
  thaw,
} from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';

test.serial('a container runs in a domain of its own and its output comes back', async (t) => {
  // Only these options: the memory size is thaw's default too.
  const words = ['run', '--rm', '--type', guestType, busybox, 'echo', 'hello'];
  const { status, stdout, stderr } = await thaw(words);
  t.is(stderr, '');
  t.is(stdout, 'hello\n');
  t.is(status, 0);
});

longOnce('with less memory than a domain needs a container is limited within one', async (t) => {
  const script =
    'cat /sys/fs/cgroup/memory.max; head -c 25165824 /dev/zero | tail -c 25165824 >/dev/null';
  const { status, stdout } = await run(['--memory', '16m', busybox, 'sh', '-c', script]);
  t.deepEqual([status, stdout], [137, '16777216\n']);
  const small = await run(['--memory', '6m', busybox, 'echo', 'small']);
  t.deepEqual([small.status, small.stdout], [0, 'small\n'], small.stderr);
});

once('the least memory that a domain has is there to be used', async (t) => {
  const script =
    'cat /proc/sys/vm/watermark_boost_factor; head -c 8388608 /dev/zero >/dev/shm/fill && echo filled';
  const { status, stdout, stderr } = await run(['--memory', '32m', busybox, 'sh', '-c', script]);
  t.deepEqual([status, stdout], [0, '0\nfilled\n'], stderr);
});

test.serial('standard input reaches the container and ends there', async (t) => {
  const { status, stdout } = await run(['-i', busybox, 'cat'], { input: 'data\n' });
  t.is(stdout, 'data\n');
  t.is(status, 0);
});

once('without -i the container sees an empty standard input', async (t) => {
  const { stdout } = await run([busybox, 'sh', '-c', 'cat; echo end'], { input: 'not for it' });
  t.is(stdout, 'end\n');
});

test.serial('stdout and stderr stay apart', async (t) => {
  const { stdout, stderr } = await run([busybox, 'sh', '-c', 'echo out; echo err >&2']);
  t.is(stdout, 'out\n');
  t.is(stderr, 'err\n');
});

for (const code of [1, 42, 255]) {
  test.serial(`exit code ${code} comes through`, async (t) => {
    t.is((await run([busybox, 'sh', '-c', `exit ${code}`])).status, code);
  });
}

longOnce('exit codes 0 to 255 of children are told apart inside', async (t) => {
  const script = 'for i in $(seq 0 255); do sh -c "exit $i"; [ $? = $i ] || exit 1; done; exit 200';
  t.is((await run([busybox, 'sh', '-c', script])).status, 200);
});

test.serial('death by a signal is 128 and the signal', async (t) => {
  const { child, done } = startThaw(
    runWords('--rm', '--name', 'by-signal', busybox, 'sleep', '600'),
  );
  await running('by-signal');
  t.is((await thaw(['kill', '--signal', 'KILL', 'by-signal'])).status, 0);
  t.is((await done).status, 137);
  t.is(child.exitCode, 137);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(`${signal} to thaw reaches the process`, async (t) => {
    const name = signal.toLowerCase();
    const script =
      'trap "echo got INT; exit 3" INT; trap "echo got TERM; exit 4" TERM; echo ready; while :; do sleep 0.1; done';
    const { child, done } = startThaw(
      runWords('--rm', '--name', name, busybox, 'sh', '-c', script),
    );
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill(signal);
    const { status, stdout } = await done;
    t.is(stdout, `ready\ngot ${signal.slice(3)}\n`);
    t.is(status, signal === 'SIGINT' ? 3 : 4);
  });
}

test.serial(
  'a command that is not there is 127, one that cannot be executed 126, each with one line',
  async (t) => {
    const missing = await run([busybox, 'no-such-program']);
    t.is(missing.status, 127);
    t.regex(missing.stderr, /^thaw: .*no-such-program.*\n$/);
    const plain = await run([busybox, '/etc/passwd']);
    t.is(plain.status, 126);
    t.regex(plain.stderr, /^thaw: .*\/etc\/passwd.*\n$/);
  },
);

once('environment, folder, user and entry point are what was asked for', async (t) => {
  const words = [
    '-e',
    'A=b c',
    '-e',
    'FROM_CLIENT',
    '-w',
    '/tmp',
    '-u',
    'app',
    '--entrypoint',
    'sh',
    busybox,
  ];
  const script = 'echo "$A|$FROM_CLIENT|$(pwd)|$(id -u):$(id -g)|$HOME"';
  const { stdout, stderr } = await run([...words, '-c', script], { env: { FROM_CLIENT: 'mine' } });
  t.is(stderr, '');
  t.regex(stdout, /^b c\|mine\|\/tmp\|1000:1000\|\S+\n$/);
});

once('arguments come through byte for byte', async (t) => {
  const odd = ['', ' ', 'a b', '$HOME', '"', "'", '\\', '*', 'ä€😀', '-x', '--', 'two\nlines'];
  const { stdout } = await run([
    busybox,
    'sh',
    '-c',
    'for a in "$@"; do printf "<%s>" "$a"; done',
    'sh',
    ...odd,
  ]);
  t.is(stdout, odd.map((word) => `<${word}>`).join(''));
});

test.serial('a large environment and a long command line come through', async (t) => {
  const big = 'x'.repeat(100_000);
  const { stdout } = await run([
    '-e',
    `BIG=${big}`,
    busybox,
    'sh',
    '-c',
    'echo ${#BIG} ${#1}',
    'sh',
    big,
  ]);
  t.is(stdout, '100000 100000\n');
});

test.serial(
  'the guest has no other kernel modules, devices or users than it needs: its view is its own',
  async (t) => {
    const script =
      'hostname; cat /etc/hostname; cat /proc/sys/kernel/ostype; ls /sys/block; ps | wc -l';
    const { stdout, status } = await run(['--hostname', 'inner', busybox, 'sh', '-c', script]);
    t.is(status, 0);
    t.regex(stdout, /^inner\ninner\nLinux\n/);
  },
);
