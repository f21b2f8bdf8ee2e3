// SPDX-License-Identifier: Apache-2.0
// Translates a bundle's config.json for the guest's crun, and lists the shares that this needs. docs/oci.md lists what becomes of each field.

import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EXPORTS_MAX } from '../../../api/wire.js';
import { defined } from '../../../base/defined.js';
import { errorMessage } from '../../../base/errors.js';
import { cpuQuota } from '../../../sandbox/size/cgroup-limits.js';
import {
  addShare,
  canBeSlave,
  sharedPath,
  type SharedFile,
} from '../../../sandbox/shares/shares.js';
import { rootfsPath } from '../../../sandbox/sandbox.js';
import type { JsonObject } from './fields.js';
import type { BundleConfig, Mount } from './config.js';
import { devicesOf, guestDevices, type OciDevice } from './devices.js';
import { configError } from '../errors.js';
import { toJson } from '../command-line/json.js';
import { limitsOf } from './limits.js';
import { inGuest } from './process.js';
import { rootfsKind, type RootfsKind } from './rootfs.js';
import { ownMemory, SHM } from '../pod/dev-shm.js';

export interface GuestPlan {
  /** Returns the config.json for the guest's crun. */
  configAt: (layout: GuestLayout) => string;
  /** The root filesystem's folder in dom0, without symlinks. */
  root: string;
  rootfs: RootfsKind;
  /** Files and folders of dom0 to share. The root filesystem is the first, where it is a share. */
  files: SharedFile[];
  /** The path in dom0 that the engine binds as /dev/shm, without symlinks; undefined where /dev/shm is no bind. */
  shm?: string;
  devices: OciDevice[];
}

/** The parts of a container's config that depend on its domain. */
export interface GuestLayout {
  /** The number of the container's 9pfs device. */
  device: number;
  /** The guest's name of the root filesystem, where that is no share. */
  rootfs: string;
  /** The sandbox: the disks of linux.devices come behind its own disks. */
  sandbox: Parameters<typeof guestDevices>[1];
  /** The cgroup's path in the guest. */
  cgroup: string;
  /** True in a domain of the container's own, whose size limits whole CPUs. */
  isAlone: boolean;
  /** The memory limit within the domain, in bytes; undefined for no limit. */
  memoryBytes: number | undefined;
  /** Paths in the guest of the namespaces that the container shares with other containers, by type. */
  joined: ReadonlyMap<string, string>;
  /** The path in the guest of a /dev/shm that the container shares with another container; undefined for its own /dev/shm. */
  shm?: string | undefined;
}

/** Rejects with ERR_OCI_CONFIG, naming the field that a guest cannot have. */
export async function planGuest(config: BundleConfig, bundle: string): Promise<GuestPlan> {
  refuseWhatIsNot(config);
  const root = await kindOf(resolve(bundle, config.root.path), 'root.path');
  if (root.kind !== 'folder') throw configError('root.path', `${root.path} is no folder`);
  const rootfs = rootfsKind(config);
  const files: SharedFile[] = [];
  const ofHost: OfHost = { files };
  const rootShare =
    rootfs === '9pfs' ? addShare(files, { path: root.path, readOnly: false }) : undefined;
  const rootAt = ({ device, rootfs: name }: GuestLayout): string =>
    rootShare === undefined ? rootfsPath(name) : sharedPath(rootShare, device);
  const mounts: PlannedMount[] = [];
  for (const [index, mount] of config.mounts.entries())
    mounts.push(await planMount(mount, bundle, `mounts[${index}]`, ofHost));
  if (files.length > EXPORTS_MAX)
    throw configError(
      'mounts',
      `they and the root filesystem are ${files.length} of dom0: ${EXPORTS_MAX} are allowed`,
    );
  const devices = await devicesOf(config.linux, config.resources);
  const configAt = (layout: GuestLayout): string =>
    toJson(
      guestConfig(config, {
        layout,
        root: rootAt(layout),
        mounts,
        devices: guestDevices(devices, layout.sandbox),
      }),
    );
  return { configAt, root: root.path, rootfs, devices, ...ofHost };
}

interface GuestParts {
  layout: GuestLayout;
  /** The root filesystem's path in the guest. */
  root: string;
  mounts: readonly PlannedMount[];
  devices: ReturnType<typeof guestDevices>;
}

function guestConfig(
  config: BundleConfig,
  { layout, root: path, mounts, devices }: GuestParts,
): object {
  const { cgroup, isAlone, memoryBytes, joined } = layout;
  const { process, root, hostname, domainname, namespaces, linux, startContainer } = config;
  const { pids, cpus } = limitsOf(config.resources);
  const ofGuest = namespaces
    .filter(({ type }) => OWN_NAMESPACES.includes(type))
    .map(({ type }) => ({ type, path: joined.get(type) }));
  const hasName = ofGuest.some(({ type, path }) => type === 'uts' && path === undefined);
  return {
    ociVersion: config.ociVersion,
    process: inGuest(process),
    root: { path, readonly: root.readonly },
    ...(hostname !== '' && hasName ? { hostname } : {}),
    ...(domainname !== '' && hasName ? { domainname } : {}),
    mounts: mounts.map((mountAt) => mountAt(layout)),
    ...(startContainer === undefined ? {} : { hooks: { startContainer } }),
    linux: {
      ...pick(linux, ['sysctl', 'seccomp', 'maskedPaths', 'readonlyPaths', 'rootfsPropagation']),
      // crun sets network sysctls only in a namespace that the config names. The config names the guest's own.
      namespaces: [...ofGuest, { type: 'network', path: GUEST_NETWORK }],
      cgroupsPath: `/${cgroup}`,
      ...(devices.nodes.length > 0 ? { devices: devices.nodes } : {}),
      resources: {
        devices: [{ allow: false, access: 'rwm' }, ...devices.rules],
        ...(pids === undefined ? {} : { pids: { limit: pids } }),
        ...defined({ cpu: cpuQuota(cpus, isAlone) }),
        ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes } }),
      },
    },
  };
}

const GUEST_NETWORK = '/proc/1/ns/net';

/** Types of namespaces that each container may have of its own. All containers of a guest share its network, and the guest has one user namespace. */
const OWN_NAMESPACES = ['pid', 'ipc', 'uts', 'mount', 'cgroup'];

const SHAREABLE = ['pid', 'ipc', 'uts', 'network', 'user', 'cgroup'];

/** Throws ERR_OCI_CONFIG for settings that a guest would silently ignore. */
function refuseWhatIsNot({ namespaces, linux }: BundleConfig): void {
  for (const name of ['uidMappings', 'gidMappings'] as const) {
    const value = linux[name];
    if (Array.isArray(value) && value.length > 0)
      throw configError(`linux.${name}`, 'a guest has none of the host’s');
  }
  const foreign = namespaces.find(({ type, path }) => path !== '' && !SHAREABLE.includes(type));
  if (foreign)
    throw configError(
      'linux.namespaces',
      `${foreign.type} of ${foreign.path}: ${SHAREABLE.join(', ')} can be those of another container`,
    );
  if (!namespaces.some(({ type }) => type === 'network'))
    throw configError(
      'linux.namespaces',
      'network is missing: a guest is not in the host’s network',
    );
}

/** The container's shares of dom0. */
type OfHost = Pick<GuestPlan, 'files' | 'shm'>;

/** Returns the mount for crun, once the container's layout in the guest is known. */
type PlannedMount = (layout: Pick<GuestLayout, 'device' | 'shm'>) => object;

async function planMount(
  mount: Mount,
  bundle: string,
  field: string,
  ofHost: OfHost,
): Promise<PlannedMount> {
  const { destination, type, source, options } = mount;
  const isBind = type === 'bind' || options.some((word) => word === 'bind' || word === 'rbind');
  if (!isBind) {
    if (!OWN_FILESYSTEMS.includes(type))
      throw configError(
        `${field}.type`,
        `"${type}": bind and ${OWN_FILESYSTEMS.join(', ')} are allowed`,
      );
    return () => mount;
  }
  const { kind, path } = await kindOf(resolve(bundle, source), `${field}.source`);
  if (kind === 'other')
    throw configError(
      `${field}.source`,
      `${path} is a device or socket, which means nothing in a guest`,
    );
  const propagation = options.findLast((word) => PROPAGATION.test(word)) ?? '';
  if (propagation.endsWith('shared'))
    throw configError(
      `${field}.options`,
      'shared: what a guest mounts there dom0 does not see; slave, which is the other way, can be had',
    );
  // /dev/shm is memory that processes of the guest share. Only dom0 sees the tmpfs there.
  if (destination === SHM) {
    const own = await ownMemory(path);
    ofHost.shm = path;
    return ({ shm }) =>
      shm === undefined ? own : { destination, type: 'bind', source: shm, options };
  }
  const readOnly = options.includes('ro');
  const isSlave = propagation.endsWith('slave') && canBeSlave(path, readOnly);
  const share = addShare(ofHost.files, { path, readOnly, ...(isSlave ? { isSlave } : {}) });
  return ({ device }) => ({
    destination,
    type: 'bind',
    source: sharedPath(share, device),
    options,
  });
}

/** As for mount(8), the last of these options counts. */
const PROPAGATION = /^r?(private|shared|slave)$/;

const OWN_FILESYSTEMS = ['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2'];

async function kindOf(given: string, field: string) {
  try {
    const path = await realpath(given);
    const status = await stat(path);
    const kind = status.isDirectory() ? 'folder' : status.isFile() ? 'file' : 'other';
    return { path, kind } as const;
  } catch (cause) {
    throw configError(field, errorMessage(cause));
  }
}

function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) =>
      from[name] === undefined || from[name] === null ? [] : [[name, from[name]]],
    ),
  );
}
