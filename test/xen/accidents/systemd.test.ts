// SPDX-License-Identifier: Apache-2.0
// thawd under systemd: the package starts it, systemd reports it ready, the journal has its log, and requests activate its socket.
// Containers keep running while thawd restarts.

import { readFileSync } from 'node:fs';
import { startSystemd } from '../../support/dom0/systemd.js';
import {
  busybox,
  command,
  images,
  killThawd,
  pidsOf,
  running,
  runWords,
  startThawd,
  stopThawd,
  thaw,
  thawdPid,
  until,
  type Listed,
} from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';

const ENGINE = ['podman', '--cgroup-manager', 'systemd', '--runtime', '/usr/bin/thaw-oci'];
const UNITS = ['thawd.socket', 'thawd.service'];
const NAME = 'unit';

once(
  'systemd starts it, keeps its socket and its journal, and its containers run on',
  async (t) => {
    t.timeout(900_000);
    await stopThawd();
    const systemd = await startSystemd();
    t.teardown(async () => {
      await thaw(['rm', '--force', '--ignore', NAME]);
      await systemd.run('systemctl', 'disable', '--now', ...UNITS);
      await systemd.end();
      await startThawd();
    });
    const states = async () =>
      (await systemd.run('sh', '-c', `systemctl is-active ${UNITS.join(' ')} || true`)).trim();

    // dpkg does the same on a host with systemd.
    await systemd.run('sh', '/var/lib/dpkg/info/thaw.postinst', 'configure');
    t.is(await states(), 'active\nactive');
    t.is((await thaw(['ps'])).status, 0, 'started means that it answers');
    const enabled = await systemd.run('systemctl', 'is-enabled', ...UNITS);
    t.is(enabled.trim(), 'enabled\nenabled');
    const socket = await command('stat', ['-c', '%a %U', '/run/thaw/thawd.sock']);
    t.is(socket.trim(), '600 root');

    t.is((await thaw(runWords('-d', '--name', NAME, busybox, 'sleep', '1000'))).status, 0);
    const { domid } = await running(NAME);
    const cgroup = () => {
      const [shim = 0] = pidsOf(new RegExp(`thaw-shim --domid ${domid} `));
      return readFileSync(`/proc/${shim}/cgroup`, 'utf8');
    };
    const before = cgroup();
    t.regex(before, /\/thawd\.service\/sandboxes\/[0-9a-f]+\n$/, 'below what systemd delegates');
    const goesOn = async () =>
      (JSON.parse((await thaw(['ps', '--json'])).stdout) as Listed[]).some(
        (one) => one.name === NAME && one.state === 'running' && one.domid === domid,
      );

    const restart = systemd.run('systemctl', 'restart', 'thawd.service');
    t.true(await goesOn(), 'who asks meanwhile waits');
    await restart;

    await systemd.run('systemctl', 'stop', 'thawd.service');
    t.is(await states(), 'active\ninactive');
    t.true(await goesOn(), 'who asks starts it');
    // thawd answers before systemd receives its readiness message.
    await until('it has started', async () => (await states()) === 'active\nactive');

    t.is(cgroup(), before, 'it stays there');
    const earlier = thawdPid();
    await killThawd();
    t.true(await goesOn(), 'it is started again, and who asks waits');
    t.not(thawdPid(), earlier);
    t.is((await thaw(['exec', NAME, 'echo', 'on'])).stdout, 'on\n');

    await systemd.run('journalctl', '--sync');
    const journal = await systemd.run('journalctl', '--unit', 'thawd.service', '--output', 'cat');
    t.is(journal.match(/info Ready /g)?.length, 4, journal);
    t.is(journal.match(/ info Found container unit running/g)?.length, 3, journal);
    t.regex(journal, /code=killed, status=9\/KILL/);

    await systemd.run('systemctl', 'stop', ...UNITS);
    t.is(await states(), 'inactive\ninactive');
    const refused = await thaw(['ps']);
    t.is(refused.status, 125);
    t.regex(refused.stderr, /thawd/);
    // An engine's runtime has systemd start thawd. thaw tells a person how to start it instead.
    t.is(await systemd.run('thaw-oci', 'list', '--quiet'), '');
    await until('it has started', async () => (await states()) === 'active\nactive');
    t.true(await until('it goes on', goesOn));
  },
);

longOnce('podman puts its containers where systemd keeps them', async (t) => {
  t.timeout(900_000);
  await stopThawd();
  const systemd = await startSystemd();
  const podman = (...words: string[]): Promise<string> => systemd.run(...ENGINE, ...words);
  t.teardown(async () => {
    await podman('rm', '-f', '-t', '0', '-i', NAME);
    await podman('rmi', '-f', 'localhost/latest');
    await systemd.run('systemctl', 'disable', '--now', ...UNITS);
    await systemd.end();
    await startThawd();
  });
  await systemd.run('sh', '/var/lib/dpkg/info/thaw.postinst', 'configure');
  await podman('load', '-q', '-i', `${images}/busybox.oci.tar`);
  const wish = ['-d', '--name', NAME, '--network', 'none', '--memory', '64m'];
  const id = (await podman('run', ...wish, 'localhost/latest', 'sleep', '1000')).trim();
  const cgroup = await podman('inspect', '-f', '{{.State.CgroupPath}}', NAME);
  t.is(cgroup.trim(), `/machine.slice/libpod-${id}.scope`);
  t.is(await podman('exec', NAME, 'echo', 'in'), 'in\n');
  await podman('rm', '-f', '-t', '0', NAME);
  const left = `ls -d /sys/fs/cgroup/machine.slice/libpod-${id}.scope 2>/dev/null || true`;
  t.is(await systemd.run('sh', '-c', left), '');
});
