// SPDX-License-Identifier: Apache-2.0
// Turns an image's config and a command line into a process, its config.json and the files bound into /etc.

import { defined } from '../../base/defined.js';
import { ProcessFlag } from '../../api/wire.js';
import type {
  Client,
  Confinement,
  CreateOptions,
  PodShare,
  ProcessOptions,
} from '../../api/engine.js';
import { mergeProcess, resolveUser, type Image } from '../../image/index.js';
import { ROOTFS, rootfsPath, type ProcessStart } from '../../sandbox/sandbox.js';
import { INIT_PROCESS } from '../../sandbox/shim/execs.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { cpuQuota } from '../../sandbox/size/cgroup-limits.js';
import { deviceNodes } from './devices.js';
import type { Bind } from './mounts.js';
import { buildSpec } from './guest-config.js';

/** Returns the flags of a container's process on its channels. */
export function processFlags(options: Pick<CreateOptions, 'interactive' | 'tty'>): number {
  return (options.interactive ? ProcessFlag.STDIN : 0) | (options.tty ? ProcessFlag.TTY : 0);
}

/** The agent. Under this name it only supervises one command (kernels/agent/main/init.c). */
const INIT_PATH = '/run/thaw-init';
const INIT_BIND: Bind = {
  destination: INIT_PATH,
  source: '/init',
  options: ['bind', 'rprivate', 'ro', 'nosuid', 'nodev'],
};

/** The parts of a container's record on which its process depends. */
export interface StartFor {
  flags: number;
  cpus: number;
  memoryBytes?: number | undefined;
  sandbox: Pick<SandboxRecord, 'id' | 'machineId' | 'network'> &
    Partial<Pick<SandboxRecord, 'layers' | 'inMemory' | 'disk'>> & {
      /** Undefined for a container that is to be frozen first. */
      hostname?: string;
    };
}

/** The settings of a process in a pod. */
export interface PodPart {
  share: readonly PodShare[];
  /** The guest's name of the container's root filesystem. */
  rootfs: string;
  /** The container's own limits, if any. */
  memoryBytes: number | undefined;
  cpus: number | undefined;
}

/** Plans the start of a container's process. Throws ERR_IMAGE_USER and ERR_USAGE when image and options do not make a process. */
export function planStart(
  record: StartFor,
  image: Image,
  options: ProcessOptions & Confinement & Pick<CreateOptions, 'devices'>,
  client: Pick<Client, 'env' | 'rows' | 'cols'>,
  binds: readonly Bind[] = [],
  pod?: PodPart,
): ProcessStart {
  const merged = mergeProcess(image.config, {
    command: options.command,
    env: clientEnv(options.env, client.env),
    tty: options.tty,
    ...defined({ entrypoint: options.entrypoint, workdir: options.workdir }),
  });
  const user = resolveUser(options.user ?? image.config.user, image.passwd, image.group);
  const { hostname, machineId, id, network } = record.sandbox;
  const named = hostname === undefined ? {} : { HOSTNAME: hostname };
  const env = { HOME: user.home, ...named, ...toObject(merged.env) };
  const filesPath = `/run/thaw/containers/${id}/files`;
  const config = buildSpec({
    args: options.init ? [INIT_PATH, '--', ...merged.args] : merged.args,
    env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    cwd: merged.cwd,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    tty: options.tty,
    rows: client.rows,
    cols: client.cols,
    hostname: hostname ?? 'frozen',
    rootfsPath: rootfsPath(pod?.rootfs ?? ROOTFS),
    filesPath,
    binds: options.init ? [...binds, INIT_BIND] : binds,
    devices: deviceNodes(options, record.sandbox),
    confinement: options,
    ...defined({
      cpu: cpuQuota((pod ?? record).cpus, pod === undefined),
      memoryBytes: (pod ?? record).memoryBytes,
    }),
    ...(pod ? { shared: pod.share, cgroup: pod.rootfs } : {}),
  });
  return {
    process: INIT_PROCESS,
    flags: record.flags,
    rows: client.rows,
    cols: client.cols,
    container: id,
    config,
    files: boundFiles(
      { hostname: hostname ?? 'frozen', machineId, ...defined({ network }) },
      options,
    ),
  };
}

/** Returns the files bound into the container's /etc: its hostname, hosts, resolver settings and machine id. */
export function boundFiles(
  { hostname, machineId, network }: Pick<SandboxRecord, 'hostname' | 'machineId' | 'network'>,
  { addHosts = [], dns, dnsSearch = [], dnsOptions = [] }: Confinement = {},
): Record<string, string> {
  const { addresses = [], names = [], nameServers = [] } = network ?? {};
  // With a network, the hostname stands for the address there, not for the loopback address.
  const own = addresses.map(({ address }) => [address, hostname, ...names].join(' '));
  const gateways = addresses.flatMap(({ gateway }) => (gateway === '' ? [] : [gateway]));
  const hosts = [
    `127.0.0.1 localhost${own.length > 0 ? '' : ` ${hostname}`}`,
    '::1 localhost ip6-localhost ip6-loopback',
    ...own,
    ...gateways.map((address) => `${address} host.containers.internal host.docker.internal`),
    ...addHosts.map(({ name, address }) => `${address}\t${name}`),
  ];
  const resolver = [
    ...(dns ?? nameServers).map((address) => `nameserver ${address}`),
    ...(dnsSearch.length > 0 ? [`search ${dnsSearch.join(' ')}`] : []),
    ...(dnsOptions.length > 0 ? [`options ${dnsOptions.join(' ')}`] : []),
  ];
  return {
    hostname: `${hostname}\n`,
    hosts: lines(hosts),
    'resolv.conf': lines(resolver),
    'machine-id': `${machineId}\n`,
  };
}

function lines(all: string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

/** Gives each `K` without a value the client's own value, and leaves it out when the client has none. */
export function clientEnv(wanted: string[], own: Record<string, string>): string[] {
  return wanted.flatMap((item) => {
    if (item.includes('=')) return [item];
    const value = own[item];
    return value === undefined ? [] : [`${item}=${value}`];
  });
}

/** Returns the values of `K=V` strings by their names. The last string of a name counts. */
export function toObject(env: string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [item, ''] : [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}
