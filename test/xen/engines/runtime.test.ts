// SPDX-License-Identifier: Apache-2.0
// thaw-oci as an OCI runtime without an engine: the specification's state machine, hooks, the stand-in, and refusals.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  bundle as bundleIn,
  bundleRoot,
  create,
  killThawdAlone,
  oci,
  outcome,
  stateOf,
  idsIn,
} from '../../support/engines/bundle.js';
import { isOnce, once } from '../../support/once.js';
import { command, hasEnded, startThawd, until } from '../../support/dom0/thaw.js';

let root = '';
const bundle = (script: string, change?: object): Promise<string> => bundleIn(root, script, change);

test.before(async () => {
  if (isOnce) root = await bundleRoot();
});

test.after.always(() => rm(root, { recursive: true, force: true }));

function cgroupOf(pid: number): string {
  const own = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  return `/sys/fs/cgroup${own}`;
}

once('each command in each state: what it does, and what it refuses', async (t) => {
  t.timeout(600_000);
  const folder = await bundle('while :; do sleep 1; done');
  const commands = {
    create: ['create', '--bundle', folder, 'one'],
    start: ['start', 'one'],
    state: ['state', 'one'],
    kill: ['kill', 'one', 'CONT'],
    delete: ['delete', 'one'],
    exec: ['exec', 'one', 'true'],
    pause: ['pause', 'one'],
    resume: ['resume', 'one'],
    update: ['update', '--pids-limit', '9', 'one'],
    ps: ['ps', 'one'],
    events: ['events', '--stats', 'one'],
    checkpoint: ['checkpoint', '--image-path', join(folder, 'images'), 'one'],
    restore: ['restore', '--bundle', folder, '--image-path', join(folder, 'images'), 'one'],
  };
  const expectAll = async (
    state: string,
    expected: Partial<Record<keyof typeof commands, RegExp>>,
  ) => {
    for (const [name, why] of Object.entries(expected)) {
      const { status, stderr } = await oci(...commands[name as keyof typeof commands]);
      t.is(status, 1, `${name} while ${state}`);
      t.regex(stderr, why, `${name} while ${state}`);
    }
  };
  const unknown = /^thaw-oci: container "one" does not exist\n$/;
  const allBut = (why: RegExp, ...names: string[]) =>
    Object.fromEntries(
      Object.keys(commands)
        .filter((name) => !names.includes(name))
        .map((name) => [name, why] as const),
    );
  await expectAll('unknown', {
    ...allBut(unknown, 'create', 'restore'),
    restore: /Cannot read .*images/,
  });
  t.is((await oci('delete', '--force', 'one')).status, 0);

  const pid = await create(t, 'one', folder);
  t.is(await stateOf('one'), 'created');
  const waits = /cannot [a-z ]+ container "one": it is created/;
  const inNone = { exec: waits, update: waits, ps: waits, events: waits, checkpoint: waits };
  await expectAll('created', {
    create: /"one" already exists/,
    restore: /"one" already exists/,
    pause: waits,
    resume: waits,
    ...inNone,
  });
  t.is((await oci('kill', 'one', 'CONT')).status, 0);
  t.is(await stateOf('one'), 'created');

  t.is((await oci('start', 'one')).status, 0);
  t.is(await stateOf('one'), 'running');
  const runs = /cannot [a-z ]+ container "one": it is running/;
  const isThere = { create: /already exists/, restore: /already exists/ };
  await expectAll('running', { ...isThere, start: runs, delete: runs, resume: runs });
  t.is((await oci('exec', 'one', 'sh', '-c', 'exit 6')).status, 6);
  t.is((await oci(...commands.update)).status, 0);
  t.deepEqual(JSON.parse((await oci('ps', '--format', 'json', 'one')).stdout), [pid]);
  t.regex((await oci(...commands.ps)).stdout, /^UID .*\n0 +1 +0 +[SR] .* sh -c /);
  const figures = JSON.parse((await oci(...commands.events)).stdout) as {
    data: { memory: { usage: { limit: number; usage: number } }; pids: object };
  };
  t.true(figures.data.memory.usage.usage > 0);
  t.is(figures.data.memory.usage.limit, 64 << 20);
  t.like(figures.data.pids, { limit: 9 });

  t.is((await oci('pause', 'one')).status, 0);
  t.is(await stateOf('one'), 'paused');
  const still = /cannot [a-z ]+ container "one": it is paused/;
  const none = { exec: still, update: still, ps: still, events: still };
  await expectAll('paused', {
    ...isThere,
    start: still,
    delete: still,
    pause: still,
    ...none,
  });
  await killThawdAlone();
  await startThawd();
  t.is(await stateOf('one'), 'paused');
  t.is((await oci('resume', 'one')).status, 0);
  t.is(await stateOf('one'), 'running');
  t.is((await oci('kill', 'one', 'KILL')).status, 0);

  await until('its end', async () => (await stateOf('one')) === 'stopped', 60_000);
  await until('its stand-in has ended', () => hasEnded(pid));
  const over = /cannot [a-z ]+ container "one": it is stopped/;
  await expectAll('stopped', {
    ...allBut(over, 'create', 'restore', 'state', 'delete'),
    ...isThere,
  });
  t.is((await oci('delete', 'one')).status, 0);
  await expectAll('deleted', { state: unknown });
});

once('the stand-in has what engines look for, and a killed thawd finds it all again', async (t) => {
  t.timeout(600_000);
  const folder = await bundle(
    'echo begins; cat /proc/sys/kernel/hostname; trap "exit 9" TERM; while :; do sleep 1; done',
  );
  const pid = await create(t, 'two', folder);
  const cgroup = cgroupOf(pid);
  t.regex(cgroup, /^\/sys\/fs\/cgroup\/thaw-test\//);
  t.true(existsSync(`/proc/${pid}/root/bin/busybox`));
  await killThawdAlone();
  // An engine's call starts a new thawd and waits 90 s for it, which is not always enough here.
  t.is(await until('another thawd answers', () => stateOf('two').catch(() => '')), 'created');
  t.is((await oci('start', 'two')).status, 0);
  await until(
    'it runs',
    () => readFileSync(`${folder}/out`, 'utf8') === 'begins\nbundle\n',
    60_000,
  );
  await killThawdAlone();
  // Engines read the guest's stats there, whether thawd runs or not.
  const figure = (name: string): string => readFileSync(`${cgroup}/${name}`, 'utf8');
  // A guest that has not answered within a second has no stats yet. The shell runs alone between two sleeps.
  await until('the shell and its sleep', () => {
    try {
      return figure('pids.current') === '2\n';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
      return false;
    }
  });
  const [used, most] = [Number(figure('memory.current')), Number(figure('memory.max'))];
  t.true(used > 0 && used < most && most < 64 << 20, `${used} of ${most}`);
  t.regex(figure('cpu.stat'), /^usage_usec [1-9]/);
  await startThawd();
  t.is(await stateOf('two'), 'running');
  process.kill(pid, 'SIGTERM');
  await until('its end', async () => (await stateOf('two')) === 'stopped', 60_000);
  t.is((await oci('delete', 'two')).status, 0);
  t.false(existsSync(cgroup));
  t.is(readFileSync(`${folder}/err`, 'utf8'), '');
});

once(
  'a stand-in that is killed takes its container along, and leaves nothing mounted',
  async (t) => {
    t.timeout(300_000);
    const pid = await create(t, 'killed', await bundle('exec sleep 1000'));
    const cgroup = cgroupOf(pid);
    t.is((await oci('start', 'killed')).status, 0);
    process.kill(pid, 'SIGKILL');
    await until('its end', async () => (await stateOf('killed')) === 'stopped', 60_000);
    t.is((await oci('delete', 'killed')).status, 0);
    t.false(existsSync(cgroup));
    t.notRegex(readFileSync('/proc/mounts', 'utf8'), /fuse\.thaw/);
  },
);

once(
  'run waits for the end and has its status, with the caller’s streams or terminal',
  async (t) => {
    t.timeout(300_000);
    const folder = await bundle('cat; exit 5');
    const ran = await outcome(['thaw-oci', 'run', '--bundle', folder, 'ran'], 'fed\n');
    t.deepEqual([ran.status, ran.stdout], [5, 'fed\n'], ran.stderr);
    const process = {
      terminal: true,
      args: ['sh', '-c', 'stty size; exit 4'],
      cwd: '/',
      env: ['PATH=/bin'],
    };
    const tty = await bundle('', { process });
    const line = `stty rows 31 cols 99; exec thaw-oci run --bundle ${tty} ran`;
    const seen = await outcome(['script', '-qec', `sh -c "${line}"`, '/dev/null']);
    t.is(seen.status, 4, seen.stderr);
    t.regex(seen.stdout, /31 99\r\n$/, 'raw, so that nothing is translated twice');
    const lasting = await bundle('trap "exit 7" TERM; echo up; while :; do sleep 1; done');
    const child = spawn('thaw-oci', ['run', '--bundle', lasting, 'ran'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    t.is(await ended, 7);
    t.deepEqual(await idsIn(), []);
  },
);

once('set-user-ID counts in the root, and not where the bundle says so', async (t) => {
  t.timeout(300_000);
  const bound = join(root, 'bound');
  await command('mkdir', [bound]);
  for (const folder of [join(root, 'rootfs'), bound])
    await command('install', ['-m', '4755', '/root/tests/files/effective', `${folder}/effective`]);
  const mounts = [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
    { destination: '/suid', type: 'bind', source: bound, options: ['bind'] },
    { destination: '/nosuid', type: 'bind', source: bound, options: ['bind', 'nosuid'] },
  ];
  const script = 'for i in /effective /suid/effective /nosuid/effective; do $i; done';
  const run = async (more: object): Promise<string> => {
    const user = { uid: 1000, gid: 1000 };
    const process = { args: ['sh', '-c', script], cwd: '/', env: ['PATH=/bin'], user, ...more };
    const folder = await bundle('', { process, mounts });
    const { status, stdout, stderr } = await outcome(['thaw-oci', 'run', '-b', folder, 'suid']);
    t.is(status, 0, stderr);
    return stdout;
  };
  t.is(await run({}), '0\n0\n1000\n');
  t.is(await run({ noNewPrivileges: true }), '1000\n1000\n1000\n');
});

once('one that is deleted while it is made leaves nothing, and its create fails', async (t) => {
  t.timeout(300_000);
  const begun = join(root, 'begun');
  const ended = join(root, 'ended');
  const sh = (script: string) => [
    { path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin'] },
  ];
  const hooks = {
    createRuntime: sh(`echo >${begun}; exec sleep 300`),
    poststop: sh(`echo once >>${ended}`),
  };
  const folder = await bundle('true', { hooks });
  const domains = async () => (await command('xl', ['list'])).match(/^oci-/gm) ?? [];
  const created = oci('create', '--bundle', folder, 'gone');
  await until('it is being made', () => existsSync(begun), 60_000);
  t.is(await stateOf('gone'), 'creating');
  t.is((await oci('delete', '--force', 'gone')).status, 0);
  t.is((await created).status, 1);
  t.deepEqual(await idsIn(), []);
  // The previous container's domain may still be ending.
  await until('no domain is left', async () => (await domains()).length === 0);
  t.is(readFileSync(ended, 'utf8'), 'once\n');
  t.true((await create(t, 'gone', await bundle('true'))) > 0);
});

once('a bundle that does not do is refused by name, and nothing is left', async (t) => {
  const log = join(root, 'log.json');
  for (const [change, why] of [
    [{ root: { path: '/nowhere' } }, /root\.path: ENOENT/],
    [{ hooks: { prestart: [{ path: '/bin/false' }] } }, /hooks\.prestart\[0\] .*status 1/],
    [{ hooks: { createRuntime: [{ path: '/bin/sleep', args: ['x', '99'], timeout: 1 }] } }, /1 s/],
    [{ process: { args: ['/none'], cwd: '/' } }, /none/],
  ] as const) {
    const folder = await bundle('true', change);
    const words = ['--log', log, '--log-format', 'json', 'create', '--bundle', folder, 'bad'];
    const { status, stderr } = await oci(...words);
    t.is(status, 1);
    t.regex(stderr, why);
    t.regex((JSON.parse(readFileSync(log, 'utf8')) as { msg: string }).msg, why);
    await rm(log);
  }
  for (const id of ['a/b', 'x'.repeat(1000), '..']) {
    const { status, stderr } = await oci('create', '--bundle', await bundle('true'), '--', id);
    t.is(status, 1);
    t.regex(stderr, /^thaw-oci: container id "[^\n]+" is invalid/);
  }
  t.deepEqual(await idsIn(), []);
});

once(
  'a huge config.json is refused, and a symlink of the image leads nowhere in dom0',
  async (t) => {
    t.timeout(300_000);
    const huge = await bundle('true', { annotations: { long: 'x'.repeat(5 * 2 ** 20) } });
    const refused = await oci('create', '--bundle', huge, 'huge');
    t.is(refused.status, 1);
    t.regex(refused.stderr, /config.json has \d+ bytes: 4194304 are allowed/);
    await symlink('/', join(root, 'rootfs/escape'));
    const mounts = [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
      { destination: '/escape/made-inside', type: 'bind', source: huge, options: ['bind', 'ro'] },
    ];
    const script = 'ls /made-inside; cat /proc/sys/kernel/domainname';
    const linked = await bundle(script, { mounts, domainname: 'inside.test' });
    const ran = await oci('run', '--bundle', linked, 'linked');
    t.deepEqual([ran.status, ran.stdout], [0, 'config.json\ninside.test\n'], ran.stderr);
    t.true(existsSync(join(root, 'rootfs/made-inside')));
    t.false(existsSync('/made-inside'));
    t.deepEqual(await idsIn(), []);
  },
);

once('spec writes a bundle that runs, and features say what is there', async (t) => {
  t.timeout(300_000);
  const folder = await bundle('true');
  await rm(join(folder, 'config.json'));
  t.is((await oci('spec', '--bundle', folder)).status, 0);
  t.is((await oci('spec', '--bundle', folder)).status, 1, 'it is there');
  const path = join(folder, 'config.json');
  const spec = JSON.parse(readFileSync(path, 'utf8')) as {
    process: { terminal: boolean; args: string[] };
    root: { path: string };
  };
  spec.process = { ...spec.process, terminal: false, args: ['id', '-u'] };
  spec.root.path = join(root, 'rootfs');
  await writeFile(path, JSON.stringify(spec));
  const ran = await oci('run', '--bundle', folder, 'begun');
  t.deepEqual([ran.status, ran.stdout], [0, '0\n'], ran.stderr);
  const features = JSON.parse((await oci('features')).stdout) as { hooks: string[] };
  t.is(features.hooks.length, 6);
});

once('all six kinds of hooks run in their order, with the state, where they belong', async (t) => {
  t.timeout(300_000);
  const log = join(root, 'hooks');
  const note = `read -r state; case $state in *'"status":"'$0'"'*) echo $0 $1 >>${log};; *) echo "$state" >>${log};; esac`;
  const hook = (status: string, name: string) => [
    { path: '/bin/sh', args: ['sh', '-c', note, status, name], env: ['PATH=/bin:/usr/bin'] },
  ];
  const inside = `readlink /proc/self/ns/net /proc/$PPID/ns/net >>${log}`;
  const hooks = {
    poststop: hook('stopped', 'poststop'),
    poststart: hook('running', 'poststart'),
    prestart: hook('creating', 'prestart'),
    createRuntime: hook('creating', 'runtime'),
    createContainer: [
      ...hook('creating', 'container'),
      { path: '/bin/sh', args: ['sh', '-c', inside], env: ['PATH=/bin:/usr/bin'] },
    ],
    startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'cat >/hook'] }],
  };
  const folder = await bundle('grep -c bundle /hook; while :; do sleep 1; done', { hooks });
  await create(t, 'hooked', folder);
  t.is((await oci('start', 'hooked')).status, 0);
  await until('it runs', () => readFileSync(`${folder}/out`, 'utf8') === '1\n', 60_000);
  t.is((await oci('delete', '--force', 'hooked')).status, 0);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const [own, dom0] = lines.splice(3, 2);
  t.not(own, dom0, 'the container’s own network namespace');
  t.deepEqual(lines, [
    ...['creating prestart', 'creating runtime', 'creating container'],
    ...['running poststart', 'stopped poststop'],
  ]);
  const failing = { poststart: [{ path: '/bin/false' }] };
  await create(t, 'stopped', await bundle('sleep 100', { hooks: failing }));
  const started = await oci('start', 'stopped');
  t.is(started.status, 1);
  t.regex(started.stderr, /hooks\.poststart\[0\] \/bin\/false ended with status 1/);
  t.is(await stateOf('stopped'), 'stopped');
});

once('containers that CRI-O says are a pod are in one domain', async (t) => {
  t.timeout(300_000);
  const domains = async (): Promise<number> =>
    [...(await command('xl', ['list'])).matchAll(/^oci-/gm)].length;
  const waits = 'while :; do sleep 1; done';
  const CRIO = 'io.kubernetes.cri-o';
  const pod = await bundle(waits, { annotations: { [`${CRIO}.ContainerType`]: 'sandbox' } });
  const pid = await create(t, 'pod', pod);
  t.is((await oci('start', 'pod')).status, 0);
  const annotations = { [`${CRIO}.ContainerType`]: 'container', [`${CRIO}.SandboxID`]: 'pod' };
  const own = ['pid', 'mount'].map((type) => ({ type }));
  const shared = ['network', 'ipc', 'uts'].map((type) => ({
    type,
    path: `/proc/${pid}/ns/${type === 'network' ? 'net' : type}`,
  }));
  const member = await bundle(waits, { annotations, linux: { namespaces: [...own, ...shared] } });
  await create(t, 'member', member);
  t.is((await oci('start', 'member')).status, 0);
  await until('its domain has its name', async () => (await domains()) === 1);
  const bootOf = async (id: string) =>
    (await oci('exec', id, 'cat', '/proc/stat')).stdout.match(/^btime.*$/m)?.[0];
  t.is(await bootOf('member'), await bootOf('pod'));
  t.is((await oci('delete', '--force', 'member')).status, 0);
  t.is(await stateOf('pod'), 'running');
});

once('a stand-in has at most 300 KiB to itself', async (t) => {
  t.timeout(300_000);
  const folder = await bundle(
    'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i + 1)); done; sleep 1000',
  );
  const pid = await create(t, 'small', folder);
  t.is((await oci('start', 'small')).status, 0);
  await until('it has written', () => readFileSync(`${folder}/out`, 'utf8').includes('\n1999\n'));
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  t.log(text.match(/^(Rss|Pss|Private_\w+|Anonymous):\s+\d+ kB$/gm)?.join(', '));
  // The unmodified pages of its program count as private to a process that runs it alone, and are dom0's page cache.
  const kib = Number(/^Private_Dirty:\s+(\d+) kB$/m.exec(text)?.[1]);
  t.true(kib > 0 && kib <= 300, `${kib} KiB`);
});
