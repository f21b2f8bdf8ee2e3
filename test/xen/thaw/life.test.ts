// SPDX-License-Identifier: Apache-2.0
// The lifecycle of a detached container: created, started, stopped, paused, renamed, started again by hand and by policy.

import { mkdtempSync, rmSync } from 'node:fs';
import test from 'ava';
import { longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';
import {
  busybox,
  command,
  guestType,
  killThawd,
  list,
  runWords,
  startThaw,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

/** Counts, and prints a line when it receives SIGTERM. */
const COUNTER =
  'trap "echo bye; exit 7" TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.2; done';

const inspect = async (name: string, field: string) =>
  (await thaw(['inspect', '--format', `{{.${field}}}`, name])).stdout.trim();

const logs = async (name: string, ...words: string[]) =>
  (await thaw(['logs', ...words, name])).stdout.trim().split('\n');

async function ok(t: { is: (a: unknown, b: unknown, m: string) => void }, ...words: string[]) {
  const { status, stdout, stderr } = await thaw(words);
  t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

test.after.always(async () => {
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
});

test.serial(
  'detached it runs on, stops in good order, and starts again with its log behind it',
  async (t) => {
    const id = await ok(t, ...runWords('-d', '--name', 'life', busybox, 'sh', '-c', COUNTER));
    t.regex(id, /^[0-9a-f]{64}$/);
    t.regex(await ok(t, 'ps', '--format', '{{.Names}} {{.Status}}'), /^life Up /);
    await until('it counts', async () => (await logs('life')).includes('2'));
    const waiting = startThaw(['wait', 'life']).done;
    await ok(t, 'stop', '--time', '120', 'life');
    t.is((await waiting).stdout, '7\n');
    t.is(await inspect('life', 'State.ExitCode'), '7');
    t.is((await logs('life')).at(-1), 'bye');
    t.is(await ok(t, 'wait', 'life'), '7');
    t.is(await ok(t, 'ps', '--quiet'), '');
    await ok(t, 'start', 'life');
    const begun = async () => (await logs('life')).filter((text) => text === '0').length;
    await until('it counts anew', async () => (await begun()) === 2);
    t.is((await thaw(['start', 'life'])).status, 0, 'one that runs is left alone');
  },
);

test.serial('paused it does nothing, xl sees it, and nothing can be run in it', async (t) => {
  await ok(t, 'pause', 'life');
  const before = await logs('life');
  t.regex(await command('xl', ['list']), /^life +\d+ +\d+ +1 +--p---/m);
  t.is((await thaw(['exec', 'life', 'true'])).status, 125);
  t.is((await thaw(['pause', 'life'])).status, 125);
  t.deepEqual(await logs('life'), before);
  await killThawd();
  await startThawd();
  t.is(await inspect('life', 'State.Status'), 'paused');
  await ok(t, 'unpause', 'life');
  await until('it counts on', async () => (await logs('life')).length > before.length);
  t.is((await thaw(['exec', 'life', 'true'])).status, 0);
});

longOnPv('another name is its own and its domain’s', async (t) => {
  await ok(t, 'rename', 'life', 'after-life');
  t.regex(await command('xl', ['list']), /^after-life /m);
  t.is((await thaw(['inspect', 'life'])).status, 125);
  await ok(t, 'restart', '--time', '5', 'after-life');
  t.regex(await command('xl', ['list']), /^after-life /m);
  t.is(await inspect('after-life', 'State.Status'), 'running');
});

longOnPv('who follows its log hears all of it to the end', async (t) => {
  const following = startThaw(['logs', '--follow', '--tail', '1', 'after-life']).done;
  const { length } = await logs('after-life');
  await until('it counts on', async () => (await logs('after-life')).length > length + 3);
  await ok(t, 'stop', '--time', '120', 'after-life');
  const { status, stdout } = await following;
  t.is(status, 0);
  const lines = stdout.trim().split('\n');
  t.is(lines.at(-1), 'bye');
  t.deepEqual(lines, (await logs('after-life')).slice(-lines.length));
});

once('what is made is started later, with its streams if they are asked for', async (t) => {
  await ok(
    t,
    'create',
    '--type',
    guestType,
    '--memory',
    '64m',
    '-i',
    '--name',
    'made',
    busybox,
    'cat',
  );
  t.is(await inspect('made', 'State.Status'), 'created');
  const { status, stdout } = await thaw(['start', '-a', '-i', 'made'], { input: 'fed\n' });
  t.deepEqual([status, stdout], [0, 'fed\n']);
  t.is((await thaw(['logs', 'made'])).stdout, 'fed\n');
});

once('attached it ends with its status', async (t) => {
  const script = 'read -r word; echo "said $word"; exit 9';
  await ok(t, ...runWords('-d', '-i', '--name', 'joined', busybox, 'sh', '-c', script));
  const { status, stdout, stderr } = await thaw(['attach', 'joined'], { input: 'it\n' });
  t.deepEqual([status, stdout], [9, 'said it\n'], stderr);
});

longOnce('a policy starts it again until it is tired, and by the next thawd too', async (t) => {
  const tired = ['-d', '--restart', 'on-failure:2', '--name', 'tired', busybox, 'sh', '-c'];
  await ok(t, ...runWords(...tired, 'echo try; exit 4'));
  await until('it has tried', async () => (await logs('tired')).length === 3);
  t.is(await inspect('tired', 'RestartCount'), '2');
  await until('it has ended', async () => (await inspect('tired', 'State.Status')) === 'exited');
  t.deepEqual(await logs('tired'), ['try', 'try', 'try']);

  await ok(
    t,
    ...runWords('-d', '--restart', 'always', '--name', 'again', busybox, 'sleep', '1000'),
  );
  await killThawd();
  await command('xl', ['destroy', 'again']);
  await startThawd();
  await until('it runs again', async () => (await inspect('again', 'State.Status')) === 'running');
  await ok(t, 'stop', '--time', '0', 'again');
  await killThawd();
  await startThawd();
  t.is(await inspect('again', 'State.Status'), 'exited', 'somebody stopped it');
});

once('its processes are kept in by what was asked for', async (t) => {
  const script =
    'touch /no 2>/dev/null || echo read-only; touch /tmp/yes && echo tmp; grep CapEff /proc/self/status; ulimit -n; tail -n 1 /etc/hosts; cat /etc/resolv.conf /sys/fs/cgroup/pids.max';
  const words =
    '--rm --read-only --cap-drop ALL --cap-add NET_RAW --ulimit nofile=100:200 --add-host db:192.0.2.7 --dns 192.0.2.1 --pids-limit 50';
  const { stdout } = await thaw(runWords(...words.split(' '), busybox, 'sh', '-c', script));
  const caps = 'CapEff:\t0000000000002000';
  t.is(stdout, `read-only\ntmp\n${caps}\n100\n192.0.2.7\tdb\nnameserver 192.0.2.1\n50\n`);
});

once('no device file of the guest comes into reach, for who may make some neither', async (t) => {
  const script =
    'mknod /dev/k c 1 11 && dd if=/dev/k count=0; mknod /dev/z c 1 5 && head -c 1 /dev/z | wc -c';
  const tryBoth = (...options: string[]) =>
    thaw(runWords('--rm', ...options, busybox, 'sh', '-c', script));
  const usual = await tryBoth();
  t.is(usual.stdout, '');
  t.regex(
    usual.stderr,
    /\/dev\/k: Operation not permitted\n.*\/dev\/z: Operation not permitted\n$/,
  );
  const makes = await tryBoth('--cap-add', 'MKNOD', '--cap-add', 'SYSLOG');
  t.is(makes.stdout, '1\n');
  t.regex(makes.stderr, /^dd: [^\n]*\/dev\/k[^\n]*: Operation not permitted\n$/);

  const folder = mkdtempSync('/tmp/devices-');
  try {
    await command('mknod', [`${folder}/k`, 'c', '1', '11']);
    await command('mknod', [`${folder}/z`, 'c', '1', '5']);
    await ok(t, ...runWords('-d', '--name', 'given', busybox, 'sleep', '1000000'));
    await ok(t, 'cp', folder, 'given:/dev/given');
    const { stdout } = await thaw(['exec', 'given', 'ls', '/dev/given']);
    t.is(stdout, 'z\n');
    await ok(t, 'rm', '--force', 'given');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

once('what makes no sense together is refused in one line', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['run', '--rm', '--restart', 'always', busybox], /--rm.*--restart/],
    [['run', '--restart', 'often', busybox], /--restart often.*on-failure/],
    [['run', '--tmpfs', 'tmp', busybox], /--tmpfs tmp.*absolute/],
    [['run', '--ulimit', 'nofile=5:3', busybox], /--ulimit/],
    [['run', '--cap-add', 'NIX', '--pull', 'never', busybox], /--cap-add NIX/],
    [['run', '--env-file', '/none', busybox], /--env-file \/none/],
    [['run', '--security-opt', 'label=x', busybox], /--security-opt label=x/],
    [['start', 'none'], /"none".*thaw ps/],
    [['rename', 'after-life', 'a b'], /"a b"/],
    [['logs', '--tail', 'x', 'after-life'], /--tail x/],
    [['ps', '--filter', 'x=y'], /--filter x=y/],
    [['inspect', '--format', '{{.No}}', 'after-life'], /\.No/],
  ];
  for (const [words, message] of wrong) {
    const { status, stderr } = await thaw(words);
    t.true([2, 125].includes(status), words.join(' '));
    t.regex(stderr, message);
    t.is(stderr.trim().split('\n').length, 1, stderr);
  }
});
