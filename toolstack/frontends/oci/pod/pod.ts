// SPDX-License-Identifier: Apache-2.0
// Finds the domain of another container that a container is to enter. Annotations of Kubernetes' runtimes name it, or the namespaces that it joins.

import { stat } from 'node:fs/promises';
import type { BundleConfig, Namespace } from '../config/config.js';
import type { OciContainer } from '../container/container.js';
import { configError, savingError, stateError } from '../errors.js';

/** A pod's domain, for a container that enters it. */
export interface Joining {
  /** The container that the domain was made for. */
  owner: OciContainer;
  /** Paths in the guest of another container's namespaces, by type. */
  joined: Map<string, string>;
}

/** The annotations of containerd's CRI service and of CRI-O. */
const SPEECHES = [
  { type: 'io.kubernetes.cri.container-type', pod: 'io.kubernetes.cri.sandbox-id' },
  { type: 'io.kubernetes.cri-o.ContainerType', pod: 'io.kubernetes.cri-o.SandboxID' },
];

/** The names in /proc/PID/ns that differ from those of config.json. */
const FILES: Readonly<Record<string, string>> = { network: 'net', mount: 'mnt' };

/** Returns true for the first container of a pod, whose domain other containers will enter. Pure. */
export function isPodSandbox(annotations: BundleConfig['annotations']): boolean {
  return SPEECHES.some(({ type }) => annotations[type] === 'sandbox');
}

/** Returns the id of the pod's first container; undefined where no annotation names one. Throws ERR_OCI_CONFIG. Pure. */
export function podSandboxId(annotations: BundleConfig['annotations']): string | undefined {
  const speech = SPEECHES.find(({ type }) => annotations[type] === 'container');
  if (!speech) return undefined;
  const id = annotations[speech.pod];
  if (id) return id;
  throw configError(`annotations.${speech.pod}`, `missing, and ${speech.type} is container`);
}

/**
 * Resolves with undefined for a container that gets its own domain. Rejects with ERR_OCI_CONFIG for namespaces that containers of one domain cannot
 * have, and with ERR_OCI_STATE where the pod's first container does not run.
 */
export async function findJoining(
  { annotations, namespaces }: Pick<BundleConfig, 'annotations' | 'namespaces'>,
  root: string,
  containers: readonly OciContainer[],
): Promise<Joining | undefined> {
  const shared = namespaces.filter(({ type, path }) => path !== '' && type !== 'user');
  const holders = new Map<string, OciContainer>();
  // A container that create() still makes has no process in its guest yet.
  const lived = containers.filter(
    ({ record, sandbox }) => sandbox && record.guestPid !== undefined,
  );
  for (const namespace of shared) {
    const holder = await holderOf(namespace, lived);
    if (holder) holders.set(namespace.type, holder);
  }
  const id = podSandboxId(annotations);
  const named = containers.find(({ record }) => record.root === root && record.id === id);
  if (id !== undefined && !named)
    throw configError('annotations', `they name pod "${id}", and there is no such container`);
  const members = [...(named ? [named] : []), ...holders.values()];
  const [owner, other] = new Set(members.map((one) => ownerOf(one, containers)));
  if (!owner) {
    refuseForeign(shared);
    return undefined;
  }
  if (other)
    throw configError(
      'linux.namespaces',
      `they are of containers "${owner.record.id}" and "${other.record.id}", whose domains are two`,
    );
  if (!owner.domain?.isAlive || !['created', 'starting', 'running'].includes(owner.record.state))
    throw stateError('enter the domain of', owner.record);
  if (owner.isSaving) throw savingError('enter the domain of', owner.record);
  if (!holders.has('network'))
    throw configError(
      'linux.namespaces',
      `network: it is in the domain of container "${owner.record.id}", and has that one's network`,
    );
  refuseForeign(shared.filter(({ type }) => !holders.has(type)));
  const joined = [...holders].map(([type, { record }]): [string, string] => [
    type,
    namespacePath(type, record.guestPid ?? 0),
  ]);
  return { owner, joined: new Map(joined) };
}

/** Returns the container that the domain was made for. */
export function ownerOf(
  container: OciContainer,
  containers: Iterable<OciContainer>,
): OciContainer | undefined {
  const { inDomainOf } = container.record;
  if (inDomainOf === undefined) return container;
  return [...containers].find(({ record }) => record.key === inDomainOf);
}

/** Returns the other containers in a container's domain. */
export function membersOf(
  { record: { key } }: OciContainer,
  containers: Iterable<OciContainer>,
): OciContainer[] {
  return [...containers].filter(({ record }) => record.inDomainOf === key);
}

async function holderOf(
  { type, path }: Namespace,
  containers: readonly OciContainer[],
): Promise<OciContainer | undefined> {
  const pid = /^\/proc\/(\d+)\/ns\//.exec(path)?.[1];
  const named = containers.find(({ record }) => record.pid === Number(pid));
  // Stand-ins have only these namespaces of their own. All others are dom0's.
  if (named || !['network', 'ipc', 'uts'].includes(type)) return named;
  const wanted = await inode(path);
  for (const container of containers)
    if (wanted !== '' && wanted === (await inode(namespacePath(type, container.record.pid))))
      return container;
  return undefined;
}

/** Resolves with the device and inode that identify a namespace; '' where there is none. */
async function inode(path: string): Promise<string> {
  return stat(path).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => '',
  );
}

/** Returns the path of a process's namespace, in dom0 or in a guest. */
function namespacePath(type: string, pid: number): string {
  return `/proc/${pid}/ns/${FILES[type] ?? type}`;
}

/** Throws ERR_OCI_CONFIG for namespaces of other processes. A network namespace is allowed: thaw carries it into the guest. */
function refuseForeign(namespaces: readonly Namespace[]): void {
  const foreign = namespaces.find(({ type }) => ['pid', 'ipc', 'uts'].includes(type));
  if (foreign)
    throw configError(
      'linux.namespaces',
      `${foreign.type} of ${foreign.path}: that is no container's which is in a domain of its own or of its pod`,
    );
}
