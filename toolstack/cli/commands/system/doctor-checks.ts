// SPDX-License-Identifier: Apache-2.0
// Runs the checks of thaw doctor, in the order in which thaw needs the things that they look for.

import { access, constants, readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { LIB_FOLDER } from '../../lib-folder.js';
import { ApiType, encodeRequest } from '../../../api/wire.js';
import { describeError, errorCode } from '../../../base/errors.js';
import { encodeFrame } from '../../../base/frame.js';
import { diskChecks } from './doctor-disks.js';
import { LivePolicy } from '../../../policy/live.js';
import { THAWD_DEFAULTS } from '../../options/thawd.js';
import { wallChecks } from './doctor-walls.js';
import type { Finding } from './finding.js';

/** The checks change nothing on the host. */
export async function doctorChecks(): Promise<Finding[]> {
  const disks = diskChecks();
  const checks = await Promise.all([
    checkDom0(),
    ...DEVICES.map(([path, module]) => checkDevice(path, module)),
    checkXenstored(),
    checkProcess('xenconsoled', 'guest consoles', 'systemctl start xen'),
    ...BACKENDS.map(([module, why]) => checkModule(module, why)),
    ...PROGRAMS.map(([program, packageName, why]) => checkProgram(program, packageName, why)),
    ...OWN_FILES.map(([path, how]) => checkOwnFile(path, how)),
    ...wallChecks(),
    checkPolicy(),
    checkThawd(),
  ]);
  return [...checks, ...(await disks)];
}

/** Checks the policy file at its usual path. A host without one is right too: thawd then serves root alone. */
async function checkPolicy(): Promise<Finding> {
  const what = 'policy for users and groups';
  const live = new LivePolicy(THAWD_DEFAULTS.policy ?? '');
  const state = await live.current();
  if (state.kind === 'absent') return { what, state: 'ok', detail: 'none: thaw serves root alone' };
  if (state.kind === 'ready')
    return { what, state: 'ok', detail: `${live.path}, ${state.policy.rules.length} rules` };
  const detail = `${describeError(state.error)}; thawd serves root alone meanwhile`;
  return { what, state: 'missing', detail, remedy: `$EDITOR ${live.path}` };
}

const DEVICES = [
  ['/dev/xen/privcmd', 'xen-privcmd'],
  ['/dev/xen/evtchn', 'xen-evtchn'],
  ['/dev/xen/gntdev', 'xen-gntdev'],
] as const;

const BACKENDS = [
  ['xen-blkback', 'image layers as disks'],
  ['xen-netback', 'network interfaces'],
  ['loop', 'image layers as disks'],
] as const;

const PROGRAMS = [
  ['skopeo', 'skopeo', 'pulls images'],
  ['mkfs.erofs', 'erofs-utils', 'makes layers ready'],
  ['ip', 'iproute2', 'makes networks'],
  ['nft', 'nftables', 'publishes ports'],
  ['aardvark-dns', 'aardvark-dns', 'finds containers by name'],
  ['setpriv', 'util-linux', 'ends helpers with thawd'],
  ['zstd', 'zstd', 'unpacks layers'],
  ['mkfs.ext4', 'e2fsprogs', 'makes writable layers'],
  ['mount', 'mount', 'mounts sized volumes'],
] as const;

const OWN_FILES = [
  ['guest/vmlinux', 'scripts/build-kernel'],
  ['guest/initrd', 'scripts/build-initrd'],
  ['guest/cmdline', 'scripts/install'],
  ['bin/thaw-shim', 'scripts/install'],
] as const;

async function checkDom0(): Promise<Finding> {
  const what = 'Xen control domain';
  const capabilities = await readText('/proc/xen/capabilities');
  if (capabilities?.includes('control_d') === true) {
    const version = await Promise.all(
      ['major', 'minor', 'extra'].map((f) => readText(`/sys/hypervisor/version/${f}`)),
    );
    const [major, minor, extra] = version.map((v) => v?.trim() ?? '');
    return { what, state: 'ok', detail: major ? `Xen ${major}.${minor}${extra}` : '' };
  }
  const hypervisor = (await readText('/sys/hypervisor/type'))?.trim();
  if (hypervisor === 'xen') {
    const detail = 'this is a Xen guest, or /proc/xen is not mounted';
    return { what, state: 'missing', detail, remedy: 'mount -t xenfs xenfs /proc/xen' };
  }
  const detail = 'this machine was not booted under Xen';
  return {
    what,
    state: 'missing',
    detail,
    remedy: 'apt install xen-system-amd64 && reboot (or try scripts/demo, which needs no Xen)',
  };
}

async function checkDevice(path: string, module: string): Promise<Finding> {
  const what = `device ${path}`;
  if (await isThere(path)) return { what, state: 'ok', detail: '' };
  return { what, state: 'missing', detail: 'not there', remedy: `modprobe ${module}` };
}

async function checkXenstored(): Promise<Finding> {
  const what = 'xenstored';
  for (const path of ['/run/xenstored/socket', '/var/run/xenstored/socket']) {
    if (await canConnect(path)) return { what, state: 'ok', detail: path };
  }
  if (await isThere('/dev/xen/xenbus')) return { what, state: 'ok', detail: '/dev/xen/xenbus' };
  return {
    what,
    state: 'missing',
    detail: 'it does not answer',
    remedy: 'systemctl start xen',
  };
}

async function checkProcess(name: string, why: string, remedy: string): Promise<Finding> {
  const what = `${name} (${why})`;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(pid) && (await readText(`/proc/${pid}/comm`))?.trim() === name)
      return { what, state: 'ok', detail: '' };
  }
  return { what, state: 'missing', detail: 'not running', remedy };
}

async function checkModule(module: string, why: string): Promise<Finding> {
  const what = `module ${module} (${why})`;
  if (await isThere(`/sys/module/${module.replaceAll('-', '_')}`))
    return { what, state: 'ok', detail: '' };
  return { what, state: 'missing', detail: 'not loaded', remedy: `modprobe ${module}` };
}

/** podman keeps its helper programs here. */
const HELPERS = ['/usr/lib/podman', '/usr/libexec/podman'];

async function checkProgram(program: string, packageName: string, why: string): Promise<Finding> {
  const what = `${program} (${why})`;
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/sbin',
    ...HELPERS,
  ];
  for (const folder of folders) {
    const path = join(folder, program);
    if (await isThere(path, constants.X_OK)) return { what, state: 'ok', detail: path };
  }
  return { what, state: 'missing', detail: 'not installed', remedy: `apt install ${packageName}` };
}

async function checkOwnFile(name: string, how: string): Promise<Finding> {
  const path = join(process.env['THAW_LIB'] ?? LIB_FOLDER, name);
  const what = path;
  if (await isThere(path)) return { what, state: 'ok', detail: '' };
  return { what, state: 'missing', detail: 'not there', remedy: `${how}, then scripts/install /` };
}

async function checkThawd(): Promise<Finding> {
  const path = process.env['THAW_SOCKET'] ?? '/run/thaw/thawd.sock';
  const what = 'thawd';
  if (await isAnswered(path)) return { what, state: 'ok', detail: path };
  return {
    what,
    state: 'missing',
    detail: `it does not answer at ${path}`,
    remedy: 'systemctl start thawd (or: thawd &)',
  };
}

async function isThere(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}

function canConnect(path: string): Promise<boolean> {
  return talk(path, (socket, settle) => socket.once('connect', () => settle(true)));
}

/** Resolves with true if thawd answers a request. A connection proves nothing: systemd may hold the socket of a thawd that does not start. */
function isAnswered(path: string): Promise<boolean> {
  return talk(path, (socket, settle) => {
    socket.once('connect', () => socket.write(encodeFrame(ApiType.REQUEST, 0, 0, VERSION_REQUEST)));
    socket.once('data', () => settle(true));
    socket.once('end', () => settle(false));
  });
}

function talk(
  path: string,
  converse: (socket: Socket, settle: (answer: boolean) => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_MS, () => settle(false));
    // EAGAIN means a full queue of connections, so a process listens.
    socket.once('error', (error) => settle(errorCode(error) === 'EAGAIN'));
    converse(socket, settle);
  });
}

const ANSWER_MS = 5000;
const VERSION_REQUEST = encodeRequest({
  cwd: '/',
  argv: ['thaw', '--version'],
  env: [],
  rows: 0,
  cols: 0,
  ttys: { stdin: false, stdout: false, stderr: false },
});
