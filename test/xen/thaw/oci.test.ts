// SPDX-License-Identifier: Apache-2.0
// thaw as an OCI runtime: the specification's state machine by thaw-oci itself, and podman's containers in domains of their own.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isOnce, once } from '../../support/once.js';
import { command, images, startThawd, thawdPid, until, type Outcome } from '../../support/thaw.js';

const ENGINE = ['podman', '--runtime', '/usr/bin/thaw-oci'];

/** Runs a program to its end, whatever that is; it has no input unless some is given. */
function outcome(words: string[], input = ''): Promise<Outcome> {
  const [program = '', ...args] = words;
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

const oci = (...words: string[]): Promise<Outcome> => outcome(['thaw-oci', ...words]);
const podman = (...words: string[]): Promise<Outcome> => outcome([...ENGINE, ...words]);
const stateOf = async (id: string): Promise<unknown> =>
  (JSON.parse((await oci('state', id)).stdout) as { status: unknown }).status;

let root = '';

test.before(async () => {
  if (!isOnce) return;
  root = await mkdtemp('/root/oci-');
  await command('podman', ['load', '-q', '-i', `${images}/busybox.oci.tar`]);
  const made = (await command('podman', ['create', image, 'true'])).trim();
  await mkdir(join(root, 'rootfs'));
  await command('sh', ['-c', `podman export ${made} | tar -C ${root}/rootfs -xf -`]);
  await command('podman', ['rm', made]);
});

const image = 'localhost/latest';

test.after.always(async () => {
  await rm(root, { recursive: true, force: true });
  if (isOnce) await command('podman', ['rmi', '-f', image]);
});

/** A bundle over the same root filesystem. */
async function bundle(script: string, change: object = {}): Promise<string> {
  const folder = await mkdtemp(join(root, 'bundle-'));
  const config = {
    ociVersion: '1.2.0',
    process: { args: ['sh', '-c', script], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
    root: { path: join(root, 'rootfs') },
    hostname: 'bundle',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: { memory: { limit: 64 << 20 } },
      cgroupsPath: `/thaw-test/${folder.split('-').at(-1)}`,
    },
    ...change,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

/** Creates a container with its streams on files of its bundle; resolves with its stand-in's pid. */
async function create(t: ExecutionContext, id: string, folder: string): Promise<number> {
  t.teardown(() => oci('delete', '--force', id));
  const words = ['create', '--bundle', folder, '--pid-file', join(folder, 'pid'), id];
  const line = `exec thaw-oci "$@" </dev/null >${folder}/out 2>${folder}/err`;
  t.is(
    (await outcome(['sh', '-c', line, 'sh', ...words])).status,
    0,
    readFileSync(`${folder}/err`, 'utf8'),
  );
  return Number(readFileSync(join(folder, 'pid'), 'utf8'));
}

/** As an accident would end it; what it served goes on. */
async function killThawd(): Promise<void> {
  const pid = thawdPid();
  process.kill(pid, 'SIGKILL');
  await until('thawd is dead', () => !existsSync(`/proc/${pid}/exe`));
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
  await expectAll('unknown', allBut(unknown, 'create'));
  t.is((await oci('delete', '--force', 'one')).status, 0);

  const pid = await create(t, 'one', folder);
  t.is(await stateOf('one'), 'created');
  const waits = /cannot [a-z ]+ container "one": it is created/;
  const inNone = { exec: waits, update: waits, ps: waits, events: waits };
  await expectAll('created', {
    create: /"one" already exists/,
    pause: waits,
    resume: waits,
    ...inNone,
  });
  t.is((await oci('kill', 'one', 'CONT')).status, 0);
  t.is(await stateOf('one'), 'created');

  t.is((await oci('start', 'one')).status, 0);
  t.is(await stateOf('one'), 'running');
  const runs = /cannot [a-z ]+ container "one": it is running/;
  await expectAll('running', { create: /already exists/, start: runs, delete: runs, resume: runs });
  t.is((await oci('exec', 'one', 'sh', '-c', 'exit 6')).status, 6);
  t.is((await oci(...commands.update)).status, 0);
  t.deepEqual(JSON.parse((await oci('ps', '--format', 'json', 'one')).stdout), [pid]);
  t.regex((await oci(...commands.ps)).stdout, /^UID .*\n0 +1 +0 +S .* sh -c /);
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
    create: /already exists/,
    start: still,
    delete: still,
    pause: still,
    ...none,
  });
  await killThawd();
  await startThawd();
  t.is(await stateOf('one'), 'paused');
  t.is((await oci('resume', 'one')).status, 0);
  t.is(await stateOf('one'), 'running');
  t.is((await oci('kill', 'one', 'KILL')).status, 0);

  await until('its end', async () => (await stateOf('one')) === 'stopped', 60_000);
  t.false(existsSync(`/proc/${pid}/root/proc`), 'its stand-in is gone');
  const over = /cannot [a-z ]+ container "one": it is stopped/;
  await expectAll('stopped', {
    ...allBut(over, 'create', 'state', 'delete'),
    create: /already exists/,
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
  t.regex(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), /^0::\/thaw-test\//);
  t.true(existsSync(`/proc/${pid}/root/bin/busybox`));
  await killThawd();
  await startThawd();
  t.is(await stateOf('two'), 'created');
  t.is((await oci('start', 'two')).status, 0);
  await until(
    'it runs',
    () => readFileSync(`${folder}/out`, 'utf8') === 'begins\nbundle\n',
    60_000,
  );
  await killThawd();
  await startThawd();
  t.is(await stateOf('two'), 'running');
  process.kill(pid, 'SIGTERM');
  await until('its end', async () => (await stateOf('two')) === 'stopped', 60_000);
  t.is((await oci('delete', 'two')).status, 0);
  t.is(readFileSync(`${folder}/err`, 'utf8'), '');
});

once('one that is deleted while it is made leaves nothing, and its create fails', async (t) => {
  t.timeout(300_000);
  const folder = await bundle('true');
  const domains = async () => (await command('xl', ['list'])).match(/^oci-/gm) ?? [];
  const created = oci('create', '--bundle', folder, 'gone');
  await until('it is being made', async () => (await oci('state', 'gone')).status === 0);
  t.is((await oci('delete', '--force', 'gone')).status, 0);
  t.is((await created).status, 1);
  t.is((await oci('list', '-q')).stdout, '');
  t.deepEqual(await domains(), []);
  const again = await create(t, 'gone', folder);
  t.true(again > 0);
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
  t.is((await oci('list', '-q')).stdout, '');
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

once('podman runs a container in a domain: output, input, status', async (t) => {
  t.timeout(300_000);
  const words = ['run', '--rm', '-i', '--network', 'none', '--memory', '64m', image];
  const script = 'cat; echo error >&2; uname -r; exit 5';
  const { status, stdout, stderr } = await outcome(
    [...ENGINE, ...words, 'sh', '-c', script],
    'fed\n',
  );
  t.is(status, 5, stderr);
  t.regex(stdout, /^fed\n[\d.]+-thaw\n$/);
  t.is(stderr, 'error\n');
  t.is((await oci('list', '-q')).stdout, '');
});

once('podman’s container that runs: ps, inspect, cp, logs, stop by its own trap', async (t) => {
  t.timeout(600_000);
  t.teardown(() => podman('rm', '-f', '-t', '0', 'engine'));
  const script = 'trap "echo term; exit 7" TERM; echo up; while :; do sleep 1; done';
  const words = ['-d', '--name', 'engine', '--network', 'none', '--memory', '64m', image];
  const started = await podman('run', ...words, 'sh', '-c', script);
  t.is(started.status, 0, started.stderr);
  await until('it is up', async () => (await podman('logs', 'engine')).stdout === 'up\n', 60_000);
  t.regex((await podman('ps', '--format', '{{.Names}} {{.Status}}')).stdout, /^engine Up /m);
  await writeFile(join(root, 'data'), 'carried');
  t.is((await podman('cp', join(root, 'data'), 'engine:/in')).status, 0);
  t.is((await podman('cp', 'engine:/in', join(root, 'back'))).status, 0);
  t.is(readFileSync(join(root, 'back'), 'utf8'), 'carried');
  t.is((await podman('stop', '-t', '60', 'engine')).status, 0);
  t.is((await podman('inspect', '-f', '{{.State.ExitCode}}', 'engine')).stdout, '7\n');
  t.is((await podman('logs', 'engine')).stdout, 'up\nterm\n');
  t.is((await podman('rm', 'engine')).status, 0);
});

once('podman exec: streams, status, user, terminal, detached, many at once', async (t) => {
  t.timeout(600_000);
  t.teardown(() => podman('rm', '-f', '-t', '0', 'execs'));
  const words = ['-d', '--name', 'execs', '--network', 'none', '--memory', '64m', '-e', 'OWN=1'];
  t.is((await podman('run', ...words, image, 'sleep', '10000')).status, 0);
  const fed = await outcome([...ENGINE, 'exec', '-i', 'execs', 'cat'], 'fed');
  t.deepEqual([fed.status, fed.stdout], [0, 'fed'], fed.stderr);
  const script = 'echo $OWN $MORE; id -u; pwd; echo error >&2; exit 7';
  const given = ['-e', 'MORE=2', '-u', '5', '-w', '/tmp', 'execs', 'sh', '-c', script];
  const ran = await podman('exec', ...given);
  t.deepEqual([ran.status, ran.stdout, ran.stderr.split('\n')[0]], [7, '1 2\n5\n/tmp\n', 'error']);
  const none = await podman('exec', 'execs', 'nosuch');
  t.is(none.status, 127, none.stderr);
  const line = `stty rows 31 cols 99; exec ${ENGINE.join(' ')} exec -it execs sh -c 'sleep 1; stty size; exit 4'`;
  const tty = await outcome(['script', '-qec', `sh -c "${line}"`, '/dev/null']);
  t.is(tty.status, 4);
  t.regex(tty.stdout, /31 99\r\n/);
  t.is((await podman('exec', '-d', 'execs', 'sh', '-c', 'echo x >/done')).status, 0);
  await until(
    'it was done',
    async () => (await podman('exec', 'execs', 'cat', '/done')).stdout === 'x\n',
    60_000,
  );
  const all = await Promise.all([1, 2, 3, 4].map((n) => podman('exec', 'execs', 'echo', `${n}`)));
  t.deepEqual(
    all.map(({ stdout }) => stdout),
    ['1\n', '2\n', '3\n', '4\n'],
  );
  const id = (await podman('inspect', '-f', '{{.Id}}', 'execs')).stdout.trim();
  const own = ['exec', '-e', 'A=b', '-u', '3:4', id];
  const plain = await oci(...own, 'sh', '-c', 'echo $OWN $A; id -u; id -g; exit 3');
  t.deepEqual([plain.status, plain.stdout], [3, '1 b\n3\n4\n'], plain.stderr);
});

once('a network that podman made is the guest’s own, ports and names included', async (t) => {
  t.timeout(600_000);
  t.teardown(async () => {
    await podman('rm', '-f', '-t', '0', 'server');
    await podman('network', 'rm', '-f', 'carried');
  });
  t.is((await podman('network', 'create', 'carried')).status, 0);
  const on = ['--network', 'carried', '--memory', '64m'];
  const script = 'mkdir /w; echo page >/w/index.html; exec httpd -f -p 80 -h /w';
  const words = ['-d', '--name', 'server', '-p', '18080:80', ...on, image, 'sh', '-c', script];
  const started = await podman('run', ...words);
  t.is(started.status, 0, started.stderr);
  const field = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.MacAddress}}{{end}}';
  const [ip = '', mac = ''] = (await podman('inspect', '-f', field, 'server')).stdout
    .trim()
    .split(' ');
  const seen = await podman('exec', 'server', 'sh', '-c', 'ip addr show eth0');
  t.true(seen.stdout.includes(`inet ${ip}/24 `) && seen.stdout.includes(mac), seen.stdout);
  for (const where of [`http://${ip}/`, 'http://127.0.0.1:18080/'])
    t.is(await (await fetch(where)).text(), 'page\n', where);
  const other = await podman('run', '--rm', ...on, image, 'wget', '-qO-', 'http://server/');
  t.deepEqual([other.status, other.stdout], [0, 'page\n'], other.stderr);
  const domid = /^oci-\S+ +(\d+) /m.exec(await command('xl', ['list']))?.[1];
  t.is((await podman('rm', '-f', '-t', '0', 'server')).status, 0);
  t.false(existsSync(`/sys/class/net/vif${domid}.0`), 'its vif is gone');
});

once('podman’s terminal has a size', async (t) => {
  t.timeout(300_000);
  const line = `stty rows 31 cols 99; exec ${ENGINE.join(' ')} run --rm -it --network none --memory 64m ${image} sh -c 'stty size; tty; exit 4'`;
  const { status, stdout } = await outcome(['script', '-qec', `sh -c "${line}"`, '/dev/null']);
  t.is(status, 4);
  t.regex(stdout, /31 99\r\n\/dev\/pts\/0\r\n/);
  t.is((await oci('list', '-q')).stdout, '');
});
