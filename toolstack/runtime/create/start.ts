// SPDX-License-Identifier: Apache-2.0
// What exactly is started: an image's config and a command line become a process, its config.json and the files bound into /etc.

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
import { deviceNodes } from './devices.js';
import type { Bind } from './mounts.js';
import { buildSpec } from './spec.js';

/** The flags of a container's process on its channels. */
export function processFlags(options: Pick<CreateOptions, 'interactive' | 'tty'>): number {
  return (options.interactive ? ProcessFlag.STDIN : 0) | (options.tty ? ProcessFlag.TTY : 0);
}

/** The agent, under a name by which it only looks after one command (kernels/agent/main/init.c). */
const INIT_PATH = '/run/thaw-init';
const INIT_BIND: Bind = {
  destination: INIT_PATH,
  source: '/init',
  options: ['bind', 'rprivate', 'ro', 'nosuid', 'nodev'],
};

/** Of a container's record, what its process depends on. */
export interface StartFor {
  flags: number;
  cpus: number;
  memoryBytes?: number | undefined;
  sandbox: Pick<SandboxRecord, 'id' | 'machineId' | 'network'> &
    Partial<Pick<SandboxRecord, 'layers' | 'inMemory' | 'disk'>> & {
      /** Not known yet when the container is frozen first. */
      hostname?: string;
    };
}

/** What a process in a pod has of the domain. */
export interface PodPart {
  share: readonly PodShare[];
  /** The name of its root filesystem. */
  rootfs: string;
  /** Its own limits, where it has some. */
  memoryBytes: number | undefined;
  cpus: number | undefined;
}

/** Throws ERR_IMAGE_USER and ERR_USAGE when image and options do not make a process. */
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
    ...(options.entrypoint === undefined ? {} : { entrypoint: options.entrypoint }),
    ...(options.workdir === undefined ? {} : { workdir: options.workdir }),
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
    ...quota(record, pod),
    ...optional('memoryBytes', (pod ?? record).memoryBytes),
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
      { hostname: hostname ?? 'frozen', machineId, ...(network ? { network } : {}) },
      options,
    ),
  };
}

/** A domain of its own has as many vCPUs as the next whole number of CPUs, so that only a fraction needs one. */
function quota({ cpus }: StartFor, pod: PodPart | undefined): { cpuQuota?: number } {
  if (pod) return optional('cpuQuota', pod.cpus);
  return Number.isInteger(cpus) ? {} : { cpuQuota: cpus };
}

function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}

/** The files bound into the container's /etc that tell who it is. */
export function boundFiles(
  { hostname, machineId, network }: Pick<SandboxRecord, 'hostname' | 'machineId' | 'network'>,
  { addHosts = [], dns, dnsSearch = [], dnsOptions = [] }: Confinement = {},
): Record<string, string> {
  const { addresses = [], names = [], nameServers = [] } = network ?? {};
  // With a network its name is its address there, not its loopback's.
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

/** `K` alone takes the client's own value, and is left out when it has none. */
export function clientEnv(wanted: string[], own: Record<string, string>): string[] {
  return wanted.flatMap((item) => {
    if (item.includes('=')) return [item];
    const value = own[item];
    return value === undefined ? [] : [`${item}=${value}`];
  });
}

/** `K=V` strings by their names; the last one of a name counts. */
export function toObject(env: string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [item, ''] : [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}
