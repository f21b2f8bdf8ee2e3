// SPDX-License-Identifier: Apache-2.0
// Parses the container's part of a checkpoint's header, and checks each field. Pure.

import type { PortRequest, ProcessLimits } from '../api/container.js';
import { EXPORTS_MAX } from '../api/wire.js';
import { defined } from '../base/defined.js';
import {
  DIGEST,
  HEX,
  list,
  number,
  object,
  text,
  texts,
  whole,
  wrong,
  type Untrusted,
} from './untrusted.js';

/** A container of a container engine. The new container's bundle holds all other settings. */
export interface SavedOci {
  hostname: string;
  /** The agent's id for the container. */
  inGuest: string;
  flags: number;
  /** The pid of the container's first process inside the guest. */
  guestPid: number;
  /** The fid snapshot, the guest's open files on its shares: a file beside the checkpoint. */
  stash: SavedFids;
  /** The guest's name of its first interface. */
  interface: string;
  /** By the share's number in the guest: true for a read-only share. */
  readOnly: boolean[];
}

export interface SavedFids {
  /** A file name without a folder. */
  file: string;
  bytes: number;
  sha256: string;
}

export interface SavedContainer {
  name: string;
  hostname: string;
  image: string;
  imageId: string;
  command: string[];
  process?: SavedProcess | undefined;
  stopSignal?: number | undefined;
  /** The agent's id for the container. */
  inGuest: string;
  cpus: number;
  /** 0 or less leaves only the guest's own limit. */
  pidsLimit?: number | undefined;
  /** The container's memory limit, where it is below the domain's memory. */
  memoryBytes?: number | undefined;
  /** Security options and ulimits of processes that `thaw exec` starts. */
  limits?: ProcessLimits | undefined;
  flags: number;
  /** The network's name; undefined for none. */
  network?: string | undefined;
  ports: PortRequest[];
}

/** The fields of config.json's process that thaw reads again. */
export interface SavedProcess {
  args: string[];
  env: string[];
  cwd: string;
  user: { uid: number; gid: number; additionalGids: number[] };
}

/** The most vCPUs of a domain. */
export const VCPUS_MAX = 128;
const PID_MAX = 2 ** 22;
/** Room for the most files that a guest may have open, each with the longest path. */
const STASH_BYTES_MAX = 2 ** 29;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const HOSTNAME = /^[\x21-\x7e]{1,255}$/;
const IN_GUEST = /^[0-9a-f]{1,64}$/;

/** Throws an Error that names the wrong field. */
export function containerOf(all: Untrusted): SavedContainer {
  const process = all['process'] === undefined ? undefined : object(all['process'], 'process');
  const stopSignal = all['stopSignal'];
  return {
    name: text(all['name'], 'name', NAME),
    hostname: text(all['hostname'], 'hostname', HOSTNAME),
    image: text(all['image'], 'image', /^[^\p{Cc}]{0,4096}$/u),
    imageId: text(all['imageId'], 'imageId', DIGEST),
    command: texts(all['command'], 'command'),
    ...(process ? { process: processOf(process) } : {}),
    ...(stopSignal === undefined ? {} : { stopSignal: whole(stopSignal, 'stopSignal', 1, 64) }),
    ...(all['pidsLimit'] === undefined
      ? {}
      : { pidsLimit: whole(all['pidsLimit'], 'pidsLimit', -1, 2 ** 31) }),
    ...(all['memoryBytes'] === undefined
      ? {}
      : { memoryBytes: whole(all['memoryBytes'], 'memoryBytes', 1, 2 ** 40) }),
    ...(all['limits'] === undefined ? {} : { limits: limitsOf(object(all['limits'], 'limits')) }),
    inGuest: text(all['inGuest'], 'inGuest', IN_GUEST),
    cpus: number(all['cpus'], 'cpus', VCPUS_MAX),
    flags: whole(all['flags'], 'flags', 0, 255),
    ...(all['network'] === undefined ? {} : { network: text(all['network'], 'network', NAME) }),
    ports: list(all['ports'], 'ports', 65536).map((port) => portOf(object(port, 'ports'))),
  };
}

/** Parses a container of a container engine. Throws as containerOf() does. */
export function ociOf(all: Untrusted): SavedOci {
  const stash = object(all['stash'], 'stash');
  return {
    stash: {
      file: text(stash['file'], 'stash.file', /^[a-z0-9][a-z0-9.-]{0,63}$/),
      bytes: whole(stash['bytes'], 'stash.bytes', 1, STASH_BYTES_MAX),
      sha256: text(stash['sha256'], 'stash.sha256', HEX),
    },
    hostname: text(all['hostname'], 'hostname', HOSTNAME),
    inGuest: text(all['inGuest'], 'inGuest', IN_GUEST),
    flags: whole(all['flags'], 'flags', 0, 255),
    guestPid: whole(all['guestPid'], 'guestPid', 1, PID_MAX),
    interface: text(all['interface'], 'interface', /^[\x21-\x2e\x30-\x39\x3b-\x7e]{1,15}$/),
    readOnly: list(all['readOnly'], 'readOnly', EXPORTS_MAX).map((value) => {
      if (typeof value !== 'boolean') throw wrong('readOnly');
      return value;
    }),
  };
}

function limitsOf(all: Untrusted): ProcessLimits {
  const names = (key: 'capAdd' | 'capDrop'): object =>
    all[key] === undefined
      ? {}
      : { [key]: list(all[key], key, 256).map((name) => text(name, key, /^[A-Za-z_]{1,64}$/)) };
  const { noNewPrivileges, ulimits } = all;
  if (noNewPrivileges !== undefined && typeof noNewPrivileges !== 'boolean')
    throw wrong('noNewPrivileges');
  return {
    ...names('capAdd'),
    ...names('capDrop'),
    ...defined({ noNewPrivileges }),
    ...(ulimits === undefined
      ? {}
      : { ulimits: list(ulimits, 'ulimits', 64).map((one) => ulimitOf(object(one, 'ulimits'))) }),
  };
}

function ulimitOf(all: Untrusted): { type: string; soft: number; hard: number } {
  return {
    type: text(all['type'], 'ulimits', /^[a-z]{1,16}$/),
    soft: whole(all['soft'], 'ulimits', -1, Number.MAX_SAFE_INTEGER),
    hard: whole(all['hard'], 'ulimits', -1, Number.MAX_SAFE_INTEGER),
  };
}

function processOf(all: Untrusted): SavedProcess {
  const user = object(all['user'], 'user');
  return {
    args: texts(all['args'], 'args'),
    env: texts(all['env'], 'env'),
    cwd: text(all['cwd'], 'cwd', /^\/[^\0]{0,4095}$/),
    user: {
      uid: whole(user['uid'], 'uid', 0, ID_MAX),
      gid: whole(user['gid'], 'gid', 0, ID_MAX),
      additionalGids: list(user['additionalGids'], 'additionalGids', 65536).map((gid) =>
        whole(gid, 'additionalGids', 0, ID_MAX),
      ),
    },
  };
}

const ID_MAX = 2 ** 32 - 1;

function portOf(all: Untrusted): PortRequest {
  const protocol = all['protocol'];
  if (protocol !== 'tcp' && protocol !== 'udp') throw wrong('ports');
  return {
    hostIp: text(all['hostIp'], 'hostIp', /^[0-9a-fA-F.:]{0,45}$/),
    hostPort: whole(all['hostPort'], 'hostPort', 1, 65535),
    containerPort: whole(all['containerPort'], 'containerPort', 1, 65535),
    protocol,
  };
}
