// SPDX-License-Identifier: Apache-2.0
// podman's containers in domains of their own: streams, exec, networks, copies, signals.

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { idsIn, killThawdAlone, oci, outcome } from '../../support/engines/bundle.js';
import { tryShop } from '../../support/engines/shop.js';
import {
  command,
  images,
  startThawd,
  stopThawd,
  until,
  type Outcome,
} from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isOnce, once } from '../../support/once.js';

const ENGINE = ['podman', '--runtime', '/usr/bin/thaw-oci'];
const podman = (...words: string[]): Promise<Outcome> => outcome([...ENGINE, ...words]);
const image = 'localhost/latest';
let root = '';

test.before(async () => {
  if (!isOnce) return;
  root = await mkdtemp('/root/podman-');
  await command('podman', ['load', '-q', '-i', `${images}/busybox.oci.tar`]);
});

test.after.always(async () => {
  await rm(root, { recursive: true, force: true });
  if (isOnce) await command('podman', ['rmi', '-f', image]);
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
  t.deepEqual(await idsIn(), []);
});

once(
  'podman’s container that runs: ps, inspect, cp, diff, commit, logs, stop by its own trap',
  async (t) => {
    t.timeout(600_000);
    t.teardown(async () => {
      await podman('rm', '-f', '-t', '0', 'engine');
      await podman('rmi', '-f', 'localhost/made');
    });
    const script =
      'trap "echo term; exit 7" TERM; echo inside >/wrote; echo up; while :; do sleep 1; done';
    const words = ['-d', '--name', 'engine', '--network', 'none', '--memory', '64m', image];
    const started = await podman('run', ...words, 'sh', '-c', script);
    t.is(started.status, 0, started.stderr);
    await until('it is up', async () => (await podman('logs', 'engine')).stdout === 'up\n', 60_000);
    t.regex((await podman('ps', '--format', '{{.Names}} {{.Status}}')).stdout, /^engine Up /m);
    await writeFile(join(root, 'data'), 'carried');
    // The limit is the guest's memory. The processes are those inside: the shell and its sleep.
    await until('its figures', async () => {
      const { stdout } = await podman('stats', '--no-stream', '--no-reset', 'engine');
      return /engine +\d+\.\d+% .* \/ 5\d\.\d+MB .* [12] /.test(stdout);
    });
    t.is((await podman('cp', join(root, 'data'), 'engine:/in')).status, 0);
    t.is((await podman('cp', 'engine:/in', join(root, 'back'))).status, 0);
    t.is(readFileSync(join(root, 'back'), 'utf8'), 'carried');
    const changed = (await podman('diff', 'engine')).stdout.split('\n');
    t.true(changed.includes('A /wrote') && changed.includes('A /in'), changed.join(' '));
    const committed = await podman('commit', '-q', 'engine', 'localhost/made');
    t.is(committed.status, 0, committed.stderr);
    const seen = await podman(
      'run',
      '--rm',
      '--network',
      'none',
      'localhost/made',
      'cat',
      '/wrote',
      '/in',
    );
    t.is(seen.stdout, 'inside\ncarried', seen.stderr);
    const pid = (await podman('inspect', '-f', '{{.State.Pid}}', 'engine')).stdout.trim();
    const links = await command('nsenter', ['-t', pid, '-n', 'ip', '-o', 'link']);
    t.regex(links, /^1: lo: [^\n]*\n$/, 'none of dom0’s');
    t.is((await podman('stop', '-t', '60', 'engine')).status, 0);
    t.is((await podman('inspect', '-f', '{{.State.ExitCode}}', 'engine')).stdout, '7\n');
    t.is((await podman('logs', 'engine')).stdout, 'up\nterm\n');
    t.is((await podman('rm', 'engine')).status, 0);
  },
);

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
  const line = `stty rows 31 cols 99; exec ${ENGINE.join(' ')} exec -it execs sh -c 'until stty size | grep 31; do sleep 1; done; exit 4'`;
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
  t.is((await podman('restart', '-t', '0', 'server')).status, 0);
  const again = await podman('run', '--rm', ...on, image, 'wget', '-qO-', 'http://server/');
  t.deepEqual([again.status, again.stdout], [0, 'page\n'], again.stderr);
  t.is((await idsIn()).length, 1);
  const domid = /^oci-\S+ +(\d+) /m.exec(await command('xl', ['list']))?.[1];
  t.is((await podman('rm', '-f', '-t', '0', 'server')).status, 0);
  await until('its vif is gone', () => !existsSync(`/sys/class/net/vif${domid}.0`));
});

longOnce(
  'several networks are several interfaces, and what comes and goes later does so inside',
  async (t) => {
    t.timeout(600_000);
    const [one, two, three] = ['follow-one', 'follow-two', 'follow-three'];
    t.teardown(async () => {
      await podman('rm', '-f', '-t', '0', 'many');
      await podman('network', 'rm', '-f', one, two, three);
    });
    const ok = async (...words: string[]): Promise<string> => {
      const { status, stdout, stderr } = await podman(...words);
      t.is(status, 0, `${words.join(' ')}: ${stderr}`);
      return stdout;
    };
    await ok('network', 'create', '--subnet', '10.211.0.0/24', '--opt', 'mtu=1400', one);
    await ok('network', 'create', '--subnet', '10.212.0.0/24', '--subnet', 'fd12::/64', two);
    // The first interface exists before the container does, and gets no separate message about IPv6.
    const named = `${two}:interface_name=lan`;
    const only = await ok('run', '--rm', '--network', named, image, 'cat', '/proc/net/if_inet6');
    t.regex(only, /^fd120{25}[0-9a-f]+ .* lan$/m);
    const route = ['--route', '10.99.0.0/16,10.213.0.1'];
    await ok('network', 'create', '--subnet', '10.213.0.0/24', ...route, three);
    const words = ['-d', '--name', 'many', '--network', one, '--network', named, '--memory', '64m'];
    const id = (await ok('run', ...words, image, 'sleep', '10000')).trim();
    // Other tests cover the engine's own exec, which is slow.
    const inside = async (script: string): Promise<string> => {
      const { status, stdout, stderr } = await oci('exec', id, 'sh', '-c', script);
      t.is(status, 0, `${script}: ${stderr}`);
      return stdout;
    };
    const addresses = async (): Promise<string[]> => {
      const text = await inside('for i in $(ls /sys/class/net); do ip addr show $i; done');
      return [...text.matchAll(/inet6? (\S+) .*scope global (?:flags \d+ )?(\S+)?/g)].map(
        ([, address = '']) => address,
      );
    };
    t.deepEqual(await addresses(), ['10.211.0.2/24', '10.212.0.3/24', 'fd12::3/64']);
    t.is(await inside('cat /sys/class/net/eth0/mtu; ls /sys/class/net'), '1400\neth0\nlan\nlo\n');
    // No server listens there. The refusal arrives at once if both directions are routed.
    const reach = async (gateway: string): Promise<void> => {
      const { stderr } = await oci('exec', id, 'wget', '-T', '60', `http://${gateway}:1/`);
      t.regex(stderr, /refused/, gateway);
    };
    for (const gateway of ['10.211.0.1', '10.212.0.1', '[fd12::1]']) await reach(gateway);
    await ok('network', 'connect', three, 'many');
    await until('it is inside', async () => (await addresses()).includes('10.213.0.2/24'), 60_000);
    await until(
      'its route is, too',
      async () => (await inside('ip route')).includes('10.99.0.0/16 via 10.213.0.1'),
      60_000,
    );
    await killThawdAlone();
    await ok('network', 'disconnect', one, 'many');
    await startThawd();
    await until('it is gone', async () => !(await addresses()).includes('10.211.0.2/24'), 60_000);
    t.deepEqual((await addresses()).sort(), ['10.212.0.3/24', '10.213.0.2/24', 'fd12::3/64']);
    // The next interface reuses the freed slot.
    await ok('network', 'connect', one, 'many');
    await until('it is back', async () => (await addresses()).includes('10.211.0.3/24'), 60_000);
    await ok('network', 'disconnect', three, 'many');
    const count = (): Promise<string> => inside('ls /sys/class/net | wc -l');
    await until('its vif is gone', async () => (await count()) === '3\n', 60_000);
    await reach('10.211.0.1');
  },
);

longOnce('a web server asks a database by its name, also after that was restarted', async (t) => {
  t.timeout(600_000);
  const shop = 'localhost/shop:thaw';
  const from = `oci-archive:${images}/shop.oci.tar`;
  await command('skopeo', ['copy', '-q', from, `containers-storage:${shop}`]);
  // Runs after the end of its containers: hooks run in reverse order.
  t.teardown(() => podman('rmi', shop));
  await tryShop(t, ENGINE, { image: shop, options: [] });
});

longOnce('who is killed for want of memory is said to be', async (t) => {
  t.timeout(300_000);
  t.teardown(() => podman('rm', '-f', '-t', '0', 'wants'));
  const state = '{{.State.OOMKilled}} {{.State.ExitCode}}';
  const own = ['--name', 'wants', '--cap-add', 'IPC_LOCK', '--ulimit', 'memlock=-1'];
  const seen = async (command: string): Promise<string> => {
    const words = ['--memory', '48m', '-v', '/root/tests/files:/t:ro', ...own, image];
    await podman('run', ...words, 'sh', '-c', command);
    const { stdout } = await podman('inspect', '-f', state, 'wants');
    await podman('rm', '-f', '-t', '0', 'wants');
    return stdout.trim();
  };
  t.is(await seen('exec /t/want-memory'), 'true 137');
  t.is(await seen('/t/want-memory; exit 3'), 'true 3', 'another than the first');
  t.is(await seen('exit 7'), 'false 7');
});

once('podman’s terminal has a size', async (t) => {
  t.timeout(300_000);
  const line = `stty rows 31 cols 99; exec ${ENGINE.join(' ')} run --rm -it --network none --memory 64m ${image} sh -c 'stty size; tty; exit 4'`;
  const { status, stdout } = await outcome(['script', '-qec', `sh -c "${line}"`, '/dev/null']);
  t.is(status, 4);
  // podman may print the first lines before its own terminal is raw, which then adds a CR to each.
  t.regex(stdout, /31 99\r+\n\/dev\/pts\/0\r+\n/);
  t.deepEqual(await idsIn(), []);
});

once('what podman asks for of a process and its files is so inside', async (t) => {
  t.timeout(300_000);
  const asked = [
    ...['--cap-drop', 'all', '--cap-add', 'net_admin', '--ulimit', 'nofile=77:88'],
    ...['--security-opt', 'no-new-privileges', '--oom-score-adj', '100', '--pids-limit', '50'],
    ...['--user', '5:6', '--group-add', '7', '--umask', '0027', '--workdir', '/usr'],
    ...['--read-only', '--tmpfs', '/mine:size=1m,mode=1777', '--shm-size', '2m'],
    ...['--hostname', 'inside', '--add-host', 'other:1.2.3.4', '--env', 'OWN=a b'],
    ...['--sysctl', 'net.ipv4.ip_default_ttl=33', '--dns', '9.9.9.9', '--cpus', '0.5'],
  ];
  const script = [
    'grep -E "^(CapEff|NoNewPrivs|Seccomp|Umask):" /proc/self/status | tr -s "\t" " "',
    'ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; id -u; id -g; id -G; pwd; hostname',
    'echo "$OWN"; cat /proc/sys/net/ipv4/ip_default_ttl; grep -c "1.2.3.4.*other" /etc/hosts',
    'touch /x 2>/dev/null || echo read-only; touch /mine/x && echo written',
    'df -k /mine /dev/shm | tail -n 2 | tr -s " " | cut -d" " -f2; cat /etc/resolv.conf',
    'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max; nproc',
    // Masked and read-only paths.
    'ls -A /sys/firmware | wc -l; grep -c " /proc/sys proc ro" /proc/mounts',
    'echo x 2>/dev/null >/proc/sys/kernel/domainname || echo sys-read-only',
  ].join('\n');
  const words = ['run', '--rm', '--network', 'carried-none', '--memory', '64m', ...asked, image];
  t.is((await podman('network', 'create', '--internal', 'carried-none')).status, 0);
  t.teardown(() => podman('network', 'rm', '-f', 'carried-none'));
  const inGuest = await podman(...words, 'sh', '-c', script);
  t.is(inGuest.status, 0, inGuest.stderr);
  const inDom0 = await outcome(['podman', '--runtime', 'crun', ...words, 'sh', '-c', script]);
  t.is(inDom0.status, 0, inDom0.stderr);
  t.is(inGuest.stdout, inDom0.stdout);
  for (const line of [
    'NoNewPrivs: 1',
    'Seccomp: 2',
    '77',
    '88',
    '6 7',
    'a b',
    'read-only',
    'sys-read-only',
    '50000 100000',
  ])
    t.true(inGuest.stdout.split('\n').includes(line), `${line} in:\n${inGuest.stdout}`);
});

longOnce('a block device of dom0 is a disk of the guest’s', async (t) => {
  t.timeout(300_000);
  const file = join(root, 'disk');
  await command('truncate', ['-s', '8M', file]);
  const device = (await command('losetup', ['--find', '--show', file])).trim();
  t.teardown(() => command('losetup', ['--detach', device]));
  const run = (access: string, script: string): Promise<Outcome> => {
    const on = ['--network', 'none', '--device', `${device}:/dev/data:${access}`, image];
    return podman('run', '--rm', ...on, 'sh', '-c', script);
  };
  const written = await run('rwm', 'printf kept >/dev/data && sync && ls -l /dev/data');
  t.is(written.status, 0, written.stderr);
  t.regex(written.stdout, /^b.* 202, +0 .*\/dev\/data$/m);
  t.is(await command('head', ['-c', '4', device]), 'kept');
  const read = await run('r', 'head -c 4 /dev/data; printf lost 2>/dev/null >/dev/data');
  t.is(read.stdout, 'kept');
  t.not(read.status, 0, 'it is there to be read alone');
  await command('mkfs.ext4', ['-q', '-F', device]);
  const mounted = join(root, 'mounted');
  await command('mkdir', [mounted]);
  await command('mount', [device, mounted]);
  t.teardown(() => command('umount', [mounted]));
  const refused = await run('rwm', 'true');
  t.not(refused.status, 0);
  t.regex(refused.stderr, /the host has it in use; unmount it first/);
});

longOnce('what dom0 mounts later is seen by who asked for that', async (t) => {
  t.timeout(300_000);
  const folder = join(root, 'later');
  const below = join(folder, 'below');
  await command('mkdir', ['-p', below]);
  await command('mount', ['--bind', '--make-shared', folder, folder]);
  t.teardown(async () => {
    await podman('rm', '-f', '-t', '0', 'later');
    await outcome(['umount', below]);
    await command('umount', [folder]);
  });
  const words = ['-d', '--name', 'later', '--network', 'none', '--memory', '64m'];
  const mounts = ['-v', `${folder}:/slave:rslave`, '-v', `${folder}:/private`];
  const started = await podman('run', ...words, ...mounts, image, 'sleep', '10000');
  t.is(started.status, 0, started.stderr);
  const inside = async (script: string): Promise<string> =>
    (await oci('exec', started.stdout.trim(), 'sh', '-c', script)).stdout;
  t.is(await inside('ls /slave/below /private/below'), '/private/below:\n\n/slave/below:\n');
  await command('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  await writeFile(join(below, 'late'), 'late\n');
  t.is(await inside('cat /slave/below/late; ls /private/below'), 'late\n');
  // The guest may release the files a moment after it has read them.
  await until('dom0 unmounts it', async () => (await outcome(['umount', below])).status === 0);
  t.is(await inside('ls /slave/below'), '', 'and goes with dom0’s');
  const refused = await podman('run', '--rm', '-v', `${folder}:/x:rshared`, image, 'true');
  t.regex(refused.stderr, /mounts\[\d+\]\.options: shared/);
});

longOnce('its containers are PV where thaw.toml says so', async (t) => {
  t.timeout(600_000);
  t.teardown(async () => {
    await podman('rm', '-f', '-t', '0', 'pv');
    await stopThawd();
    await startThawd();
  });
  await stopThawd();
  await startThawd(['--type', 'pv']);
  await writeFile(join(root, 'file'), 'shared');
  const options = ['-d', '--name', 'pv', '--memory', '64m', '-v', `${root}:/files`];
  const started = await podman('run', ...options, image, 'sleep', '100000');
  t.is(started.status, 0, started.stderr);
  const script = 'cat /sys/hypervisor/guest_type /files/file; ip -4 -o addr show eth0';
  const { stdout } = await podman('exec', 'pv', 'sh', '-c', script);
  t.regex(stdout, /^PV\nshared.* inet 10\./s);
  t.is((await podman('stop', '-t', '5', 'pv')).status, 0);
});
