// SPDX-License-Identifier: Apache-2.0
// doctor warns of a dom0 that parses guests' disks, shares cores between domains, or has no bounds for guests.

import test from 'ava';
import {
  wallChecks,
  type WallHost,
} from '../../../../../toolstack/cli/commands/system/doctor-walls.js';

interface Dom0 {
  files?: string[];
  links?: Record<string, string>;
  says?: Record<string, string>;
}

const host = ({ files = [], says = {}, links = {} }: Dom0): WallHost => ({
  real: (path) => Promise.resolve(links[path] ?? path),
  has: (path) => Promise.resolve(files.includes(path)),
  ask: (program) => Promise.resolve(says[program]),
});

async function states(dom0: Dom0) {
  const findings = await Promise.all(wallChecks(host(dom0)));
  for (const { what, state, remedy } of findings)
    if ((remedy !== undefined) !== (state !== 'ok')) throw new Error(`${what}: ${remedy}`);
  const [udev, lvm, threads, cgroups, tools] = findings.map(({ state }) => state);
  return { udev, lvm, threads, cgroups, tools };
}

const UDEV = '/run/udev/control';
const SETPRIV = { setpriv: '--landlock-access <access>\n--seccomp-filter <file>\n' };
const CGROUPS = { cat: 'cpuset cpu io memory pids\n' };

test('a host without udev and LVM, with one thread a core', async (t) => {
  const xl = 'threads_per_core       : 1\nxen_commandline        : dom0_mem=1G\n';
  const all = { udev: 'ok', lvm: 'ok', threads: 'ok', cgroups: 'ok', tools: 'ok' };
  t.deepEqual(await states({ says: { xl, ...CGROUPS, ...SETPRIV } }), all);
});

test('udev has its rules, from the package or the administrator', async (t) => {
  t.like(await states({ files: [UDEV] }), { udev: 'warning' });
  for (const folder of ['/usr/lib', '/etc'])
    t.like(await states({ files: [UDEV, `${folder}/udev/rules.d/59-thaw.rules`] }), { udev: 'ok' });
});

test('the rules are for the folder that the kernel names', async (t) => {
  const links = { '/var/lib/thaw': '/data/thaw' };
  const files = [UDEV, '/usr/lib/udev/rules.d/59-thaw.rules'];
  t.like(await states({ links, files }), { udev: 'warning' });
  t.like(await states({ links, files: [UDEV, '/etc/udev/rules.d/59-thaw.rules'] }), { udev: 'ok' });
});

test('LVM is told to leave loop devices alone, or has a list of its devices', async (t) => {
  const lvm = async (config: string, ...files: string[]) =>
    (await states({ files, says: { lvmconfig: `devices {\n\t${config}\n}\n` } })).lvm;
  t.is(await lvm('global_filter=["a|.*|"]'), 'warning');
  t.is(await lvm('use_devicesfile=0'), 'warning');
  t.is(await lvm('global_filter=["a|.*|","r|^/dev/loop|"]'), 'warning', 'the first match counts');
  t.is(await lvm('global_filter=["r|^/dev/loop|","a|.*|"]'), 'ok');
  t.is(await lvm('global_filter="r|/dev/loop.*|"'), 'ok');
  t.is(await lvm('use_devicesfile=1'), 'warning', 'no list is in use yet');
  t.is(await lvm('use_devicesfile=1', '/etc/lvm/devices/system.devices'), 'ok');
});

test('two threads of a core belong to one domain', async (t) => {
  const threads = async (options: string) =>
    (await states({ says: { xl: `threads_per_core : 2\nxen_commandline : ${options}\n` } }))
      .threads;
  t.is(await threads('dom0_mem=1G'), 'warning');
  t.is(await threads('dom0_mem=1G smt=0 loglvl=all'), 'ok');
  t.is(await threads('sched-gran=core'), 'ok');
  t.is(await threads('nosmt=0'), 'warning');
});

test('a dom0 without cgroup v2 has no bounds for guests', async (t) => {
  t.like(await states({}), { cgroups: 'warning' });
  t.like(await states({ says: { cat: 'cpuset cpu\n' } }), { cgroups: 'warning' });
});

test('programs that read images have Landlock and seccomp', async (t) => {
  t.like(await states({}), { tools: 'warning' });
  t.like(await states({ says: SETPRIV }), { tools: 'ok' });
  t.like(await states({ says: { setpriv: '--landlock-access <access>\n' } }), { tools: 'warning' });
  const noKernel: WallHost = {
    ...host({}),
    ask: (_, ...words) => Promise.resolve(words[0] === '--help' ? SETPRIV.setpriv : undefined),
  };
  const findings = await Promise.all(wallChecks(noKernel));
  t.regex(findings.at(-1)?.remedy ?? '', /kernel from 6\.2/);
});
