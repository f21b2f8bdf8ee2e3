// SPDX-License-Identifier: Apache-2.0
// Checks of thaw doctor for the walls between guests, and between guests and dom0 (docs/security.md). What they find is a warning: containers run
// all the same.

import { execFile } from 'node:child_process';
import { access, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Finding } from './finding.js';

const run = promisify(execFile);
const TOOL_MS = 10_000;

/** Programs and files of dom0, which tests replace. */
export interface WallHost {
  has(path: string): Promise<boolean>;
  /** Resolves with the path without symbolic links, or the path itself where nothing is there. */
  real(path: string): Promise<string>;
  /** Resolves with a program's output, or undefined where it is missing or fails. */
  ask(program: string, ...args: string[]): Promise<string | undefined>;
}

const dom0: WallHost = {
  has: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  real: (path) => realpath(path).catch(() => path),
  ask: (program, ...args) =>
    run(program, args, { timeout: TOOL_MS }).then(
      ({ stdout }) => stdout,
      () => undefined,
    ),
};

export function wallChecks(host: WallHost = dom0): Promise<Finding>[] {
  return [
    checkUdev(host),
    checkLvm(host),
    checkThreads(host),
    checkCgroups(host),
    checkTools(host),
  ];
}

/** The folder in the rules. */
const STATE = '/var/lib/thaw';
const [RULES, OWN_RULES] = [
  '/usr/lib/udev/rules.d/59-thaw.rules',
  '/etc/udev/rules.d/59-thaw.rules',
];

async function checkUdev(host: WallHost): Promise<Finding> {
  const what = 'udev (leaves guests’ disks alone)';
  if (!(await host.has('/run/udev/control'))) return { what, state: 'ok', detail: 'no udev runs' };
  const folder = await host.real(STATE);
  if (folder !== STATE && !(await host.has(OWN_RULES)))
    return {
      what,
      state: 'warning',
      detail: `its rules are for disks below ${STATE}, which leads to ${folder}`,
      remedy: `sed 's|${STATE}|${folder}|' ${RULES} >${OWN_RULES} && udevadm control --reload`,
    };
  for (const path of [RULES, OWN_RULES])
    if (await host.has(path)) return { what, state: 'ok', detail: path };
  return {
    what,
    state: 'warning',
    detail: 'udev parses what guests write to their disks',
    remedy: 'scripts/install / && udevadm control --reload',
  };
}

/** LVM looks at every block device but those that its filter or its list of devices leaves out (lvm.conf(5)). */
async function checkLvm(host: WallHost): Promise<Finding> {
  const what = 'LVM (leaves guests’ disks alone)';
  const config = await host.ask('lvmconfig', '--type', 'full', 'devices');
  if (config === undefined) return { what, state: 'ok', detail: 'not installed' };
  const usesList = /^\s*use_devicesfile=1$/m.test(config);
  if (usesList && (await host.has('/etc/lvm/devices/system.devices')))
    return { what, state: 'ok', detail: '/etc/lvm/devices/system.devices' };
  const filter = /^\s*global_filter=\[?(.*?)\]?$/m.exec(config)?.[1] ?? '';
  const [first = ''] = filter.match(/"[^"]*"/g) ?? [];
  if (/^"r(.)\^?(\/dev\/)?loop/.test(first)) return { what, state: 'ok', detail: first };
  return {
    what,
    state: 'warning',
    detail: 'pvs, vgs and the like parse what guests write to their disks',
    remedy:
      'printf \'devices { global_filter = [ "r|^/dev/loop|" ] }\\n\' >>/etc/lvm/lvmlocal.conf',
  };
}

/** Two threads of a core share caches and more: domains that distrust each other must not run there at once (XSA-273, XSA-297). */
async function checkThreads(host: WallHost): Promise<Finding> {
  const what = 'threads of a core (between domains)';
  const info = await host.ask('xl', 'info');
  const [, threads] = /^threads_per_core\s*: (\d+)$/m.exec(info ?? '') ?? [];
  if (threads === undefined) return { what, state: 'ok', detail: 'unknown: xl does not tell' };
  const [, options = ''] = /^xen_commandline\s*: (.*)$/m.exec(info ?? '') ?? [];
  if (threads === '1') return { what, state: 'ok', detail: 'one thread' };
  const isParted = /(^| )(smt=(0|no|off|false|disable)|sched-gran=(core|socket))( |$)/.test(
    options,
  );
  if (isParted) return { what, state: 'ok', detail: options };
  return {
    what,
    state: 'warning',
    detail: 'two domains run on one core at once',
    remedy: 'add smt=0, or sched-gran=core, to Xen’s command line, and reboot',
  };
}

async function checkCgroups(host: WallHost): Promise<Finding> {
  const what = 'cgroups (bound what a guest takes of dom0)';
  const controllers = await host.ask('cat', '/sys/fs/cgroup/cgroup.controllers');
  if (controllers !== undefined && /\bmemory\b/.test(controllers) && /\bpids\b/.test(controllers))
    return { what, state: 'ok', detail: '/sys/fs/cgroup' };
  return {
    what,
    state: 'warning',
    detail: 'dom0 has no cgroup v2 with memory and pids',
    remedy: 'boot dom0 with systemd.unified_cgroup_hierarchy=1',
  };
}

/** setpriv of util-linux before 2.41 knows neither wall, and Landlock may be missing in the kernel (docs/security.md). */
async function checkTools(host: WallHost): Promise<Finding> {
  const what = 'setpriv (walls of programs that read images)';
  const help = (await host.ask('setpriv', '--help')) ?? '';
  const lacks = ['--landlock-access', '--seccomp-filter'].filter(
    (option) => !help.includes(option),
  );
  const remedy = 'install util-linux 2.41 or newer';
  if (lacks.length > 0)
    return { what, state: 'warning', detail: `no ${lacks.join(', no ')}`, remedy };
  const rule = ['--landlock-rule', 'path-beneath:execute,read-file,read-dir:/usr'];
  const words = ['--no-new-privs', '--landlock-access', 'fs', ...rule, '--', '/usr/bin/echo', 'ok'];
  if ((await host.ask('setpriv', ...words)) !== undefined)
    return { what, state: 'ok', detail: 'Landlock, seccomp' };
  return {
    what,
    state: 'warning',
    detail: 'the kernel has no Landlock, or an older one',
    remedy: 'boot dom0 with a kernel from 6.2 that has landlock in lsm=',
  };
}
