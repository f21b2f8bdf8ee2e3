// SPDX-License-Identifier: Apache-2.0
// What a checkpoint says of its container and domain, and how that is checked before a word of it is used: the file is untrusted.

import type { PortWish, ProcessLimits } from '../api/container.js';
import { EXPORTS_MAX } from '../api/wire.js';
import type { HostTraits } from '../clone/traits.js';
import type { Shape } from '../clone/shape.js';

export interface CheckpointHeader {
  /** The version of thaw that wrote it. */
  thaw: string;
  /** Milliseconds since 1970. */
  created: number;
  /** What the guest was frozen on. */
  host: HostTraits;
  /** One of the two. */
  container?: SavedContainer;
  oci?: SavedOci;
  domain: SavedDomain;
  /** Of the image, lowest first. */
  layers: SavedLayer[];
  /** The save stream without its zero pages. */
  memory: { bytes: number; dataPages: number };
  /** Its writable layer, where that is no part of the memory: how large it is, and at most how much of it has data. */
  disk?: { bytes: number; dataBytes: number };
}

/** An engine's container: what it is restored into has its bundle, and says the rest. */
export interface SavedOci {
  hostname: string;
  /** What the agent calls it. */
  inGuest: string;
  flags: number;
  /** Of its first process, in its guest. */
  guestPid: number;
  /** What its guest has open of dom0's files: a file beside this one. */
  stash: SavedStash;
  /** What its guest calls its first interface. */
  interface: string;
  /** Of the files and folders of dom0 that it has, by their number in its guest: whether they can only be read. */
  readOnly: boolean[];
}

export interface SavedStash {
  /** A name. */
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
  process?: SavedProcess;
  stopSignal?: number;
  /** What the agent calls it. */
  inGuest: string;
  cpus: number;
  /** 0 or less: no limit but the guest's own. */
  pidsLimit?: number;
  /** How much memory it may have, where that is less than its domain's. */
  memoryBytes?: number;
  /** What `thaw exec` may do in it. */
  limits?: ProcessLimits;
  flags: number;
  /** The network's name; undefined for none. */
  network?: string;
  ports: PortWish[];
}

/** What thaw looks at again of config.json's process. */
export interface SavedProcess {
  args: string[];
  env: string[];
  cwd: string;
  user: { uid: number; gid: number; additionalGids: number[] };
}

export interface SavedDomain {
  shape: Shape;
  /** Online. */
  vcpus: number;
  /** What memory may grow to. */
  memoryKib: number;
  memTotalKib: number;
  /** Whether the layers are in its memory; else they are its disks. */
  inMemory: boolean;
}

export interface SavedLayer {
  /** Digest of the unpacked tar, as the image's config has it. */
  diffId: string;
  /** Of the EROFS that the guest has mounted, where it has it as a disk. */
  erofs?: { bytes: number; sha256: string };
}

/** Throws an Error that says what is wrong with it. Nothing is in the result that was not looked at. */
export function parseHeader(untrustedText: string): CheckpointHeader {
  const all = object(JSON.parse(untrustedText), 'header');
  const disk = all['disk'] === undefined ? undefined : object(all['disk'], 'disk');
  const memory = object(all['memory'], 'memory');
  const domain = domainOf(object(all['domain'], 'domain'));
  const header: CheckpointHeader = {
    thaw: text(all['thaw'], 'thaw', /^[\x21-\x7e]{1,64}$/),
    created: whole(all['created'], 'created', 0, 8.64e15),
    host: traitsOf(object(all['host'], 'host')),
    ...(all['oci'] === undefined
      ? { container: containerOf(object(all['container'], 'container')) }
      : { oci: ociOf(object(all['oci'], 'oci')) }),
    domain,
    layers: list(all['layers'], 'layers', LAYERS_MAX).map((layer) =>
      layerOf(object(layer, 'layers')),
    ),
    memory: {
      bytes: whole(memory['bytes'], 'memory.bytes', 1, streamBytesMax(domain.shape)),
      dataPages: whole(memory['dataPages'], 'memory.dataPages', 0, domain.shape.memoryKib / 4),
    },
    ...(disk
      ? {
          disk: {
            bytes: whole(disk['bytes'], 'disk.bytes', 2 ** 20, DISK_BYTES_MAX),
            dataBytes: whole(disk['dataBytes'], 'disk.dataBytes', 0, DISK_BYTES_MAX),
          },
        }
      : {}),
  };
  if (header.disk && header.disk.dataBytes > header.disk.bytes) throw wrong('disk.dataBytes');
  if (!domain.inMemory && header.layers.some(({ erofs }) => !erofs)) throw wrong('layers');
  return header;
}

const LAYERS_MAX = 500;
const PID_MAX = 2 ** 22;
/** As many files as a guest may have, each with the longest path. */
const STASH_BYTES_MAX = 2 ** 29;
const WORDS_MAX = 100_000;
const VCPUS_MAX = 128;
const MEMORY_KIB_MAX = 2 ** 34;
const DISK_BYTES_MAX = 16 * 2 ** 40;
/** A domain's records beside its pages, and the eight bytes that each page has. */
const streamBytesMax = ({ memoryKib }: Shape): number => memoryKib * 1024 * 1.01 + 2 ** 25;

function containerOf(all: Untrusted): SavedContainer {
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

function ociOf(all: Untrusted): SavedOci {
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
    ...(noNewPrivileges === undefined ? {} : { noNewPrivileges }),
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

function domainOf(all: Untrusted): SavedDomain {
  const shape = object(all['shape'], 'shape');
  const memoryKib = whole(all['memoryKib'], 'memoryKib', 4096, MEMORY_KIB_MAX);
  const most = whole(shape['vcpus'], 'shape.vcpus', 1, VCPUS_MAX);
  const type = shape['type'];
  const inMemory = all['inMemory'];
  if (type !== 'pv' && type !== 'pvh') throw wrong('shape.type');
  if (typeof inMemory !== 'boolean') throw wrong('inMemory');
  return {
    shape: {
      ...{ type, vcpus: most },
      memoryKib: whole(shape['memoryKib'], 'shape.memoryKib', 4096, memoryKib),
    },
    vcpus: whole(all['vcpus'], 'vcpus', 1, most),
    memTotalKib: whole(all['memTotalKib'], 'memTotalKib', 1, MEMORY_KIB_MAX),
    ...{ memoryKib, inMemory },
  };
}

function layerOf(all: Untrusted): SavedLayer {
  const erofs = all['erofs'] === undefined ? undefined : object(all['erofs'], 'erofs');
  return {
    diffId: text(all['diffId'], 'diffId', DIGEST),
    ...(erofs
      ? {
          erofs: {
            bytes: whole(erofs['bytes'], 'erofs.bytes', 1, DISK_BYTES_MAX),
            sha256: text(erofs['sha256'], 'erofs.sha256', HEX),
          },
        }
      : {}),
  };
}

function portOf(all: Untrusted): PortWish {
  const protocol = all['protocol'];
  if (protocol !== 'tcp' && protocol !== 'udp') throw wrong('ports');
  return {
    hostIp: text(all['hostIp'], 'hostIp', /^[0-9a-fA-F.:]{0,45}$/),
    hostPort: whole(all['hostPort'], 'hostPort', 1, 65535),
    containerPort: whole(all['containerPort'], 'containerPort', 1, 65535),
    protocol,
  };
}

function traitsOf(all: Untrusted): HostTraits {
  return {
    guest: text(all['guest'], 'guest', HEX),
    xen: text(all['xen'], 'xen', LINE),
    abi: text(all['abi'], 'abi', LINE),
    cpu: text(all['cpu'], 'cpu', LINE),
    cpuFlags: list(all['cpuFlags'], 'cpuFlags', 4096).map((flag) =>
      text(flag, 'cpuFlags', /^[a-z0-9_.]{1,64}$/),
    ),
  };
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const HOSTNAME = /^[\x21-\x7e]{1,255}$/;
const IN_GUEST = /^[0-9a-f]{1,64}$/;
const HEX = /^[0-9a-f]{64}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const LINE = /^[\x20-\x7e]{0,1024}$/;

type Untrusted = Record<string, unknown>;

function wrong(what: string): Error {
  return new Error(`its header is wrong in ${what}`);
}

function object(value: unknown, what: string): Untrusted {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what);
  return value as Untrusted;
}

function list(value: unknown, what: string, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw wrong(what);
  return value;
}

function text(value: unknown, what: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw wrong(what);
  return value;
}

/** Words of a command line. */
function texts(value: unknown, what: string): string[] {
  return list(value, what, WORDS_MAX).map((word) => text(word, what, /^[^\0]*$/));
}

function number(value: unknown, what: string, most: number): number {
  if (typeof value !== 'number' || !(value > 0 && value <= most)) throw wrong(what);
  return value;
}

function whole(value: unknown, what: string, least: number, most: number): number {
  if (!Number.isSafeInteger(value)) throw wrong(what);
  const count = value as number;
  if (count < least || count > most) throw wrong(what);
  return count;
}
