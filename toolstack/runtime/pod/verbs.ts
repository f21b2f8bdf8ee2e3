// SPDX-License-Identifier: Apache-2.0
// thaw pod create, start, stop, kill, pause, unpause and rm: acts on a pod and all its containers.

import type {
  Client,
  ContainerState,
  PodCreateOptions,
  PodStatus,
  PodSummary,
} from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { describeError } from '../../base/errors.js';
import { PodError, POD_MEMORY_BYTES, type Pod } from './index.js';
import { checkLimits, MIN_DOMAIN_KIB } from '../../sandbox/size/size.js';
import type { Container } from '../lifecycle/container.js';
import type { DiskPause } from '../store/disk-pause.js';
import { isUp, type LifecycleEvent } from '../lifecycle/lifecycle.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { unpauseDomain } from '../pause/freezer.js';
import { NULL_CLIENT } from '../exec/null-client.js';
import { startContainer } from '../create/run.js';
import { killContainer } from '../lifecycle/signal.js';
import { stopContainer } from '../lifecycle/stop.js';

/** Resolves with the pod's id. Rejects for limits and networks that no pod can have, and with ERR_CONTAINER_NAME. */
export async function createPod(
  services: ContainerServices,
  manager: ContainerManager,
  options: PodCreateOptions,
): Promise<string> {
  const { memoryBytes = POD_MEMORY_BYTES, network } = options;
  const { type } = await checkLimits({ ...options, memoryBytes }, services.sandbox, MIN_DOMAIN_KIB);
  if (network !== undefined && network !== 'none') services.sandbox.networks.find(network);
  const name = manager.reserveName(options.name);
  try {
    return (await services.pods.create(name, { ...options, type })).record.id;
  } finally {
    manager.freeName(name);
  }
}

/** Returns the pod's containers, the oldest first. */
export function membersOf(manager: ContainerManager, pod: Pod): Container[] {
  return [...manager.containers]
    .filter(({ record }) => record.pod?.id === pod.record.id)
    .sort((a, b) => a.record.created - b.record.created);
}

export function summarizePod(manager: ContainerManager, pod: Pod): PodSummary {
  const { id, name, created, started, reason, hostname, options, state } = pod.record;
  const { network, type = options.type } = pod.domain?.sandbox.record ?? {};
  const containers = membersOf(manager, pod).map(({ record }) => record);
  return {
    id,
    name,
    created,
    hostname,
    labels: options.labels,
    share: options.share,
    status: podStatus(state, containers),
    ...defined({ started, reason, owner: options.owner }),
    ...(pod.domain ? { domid: pod.domain.sandbox.domid } : {}),
    ...(type ? { type } : {}),
    memoryBytes: options.memoryBytes ?? POD_MEMORY_BYTES,
    cpus: options.cpus ?? 1,
    exitPolicy: options.exitPolicy,
    ...(network ? { network: network.network } : {}),
    addresses: (network?.addresses ?? []).map(({ address }) => address),
    ports: network?.ports ?? [],
    containers: containers.map((record) => ({
      id: record.id,
      name: record.name,
      state: record.state,
    })),
  };
}

/** Returns the pod's status in podman's words. The domain stands for podman's infra container. Pure. */
export function podStatus(
  state: Pod['record']['state'],
  containers: readonly Pick<Container['record'], 'state' | 'isStill'>[],
): PodStatus {
  // xl may have paused the domain: its containers are paused then, and the pod's record is not.
  if (state === 'paused' || containers.some((one) => one.state === 'paused' && !one.isStill))
    return 'Paused';
  if (state === 'created' || state === 'starting') return 'Created';
  if (state === 'exited') return 'Exited';
  return containers.every((one) => one.state === 'running') ? 'Running' : 'Degraded';
}

/** Starts the domain and all containers that do not run. Tries all, then rejects with the failures, if any. */
export async function startPod(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  client: Client,
): Promise<string> {
  const pod = services.pods.find(key);
  await pod.up(client.signal);
  const alone = { attach: false, interactive: false };
  await forAll(pod, 'start', membersOf(manager, pod), ({ record }) =>
    startContainer(services, manager, record.id, alone, NULL_CLIENT),
  );
  return pod.record.id;
}

/** Stops all containers, then the domain. */
export async function stopPod(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  timeoutS?: number,
): Promise<string> {
  const pod = services.pods.find(key);
  if (pod.record.state === 'paused') await unpausePod(services, manager, key, 'end');
  await forAll(pod, 'stop', membersOf(manager, pod), ({ record }) =>
    stopContainer(services, manager, record.id, timeoutS),
  );
  await pod.down();
  return pod.record.id;
}

export async function killPod(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  signal: number,
): Promise<string> {
  const pod = services.pods.find(key);
  const running = membersOf(manager, pod).filter(({ record }) => isUp(record));
  await forAll(pod, 'kill', running, (container) =>
    Promise.resolve().then(() => killContainer(services, container, signal)),
  );
  return pod.record.id;
}

/** Pauses the domain: nothing in it runs until unpausePod(). A pause by thaw, for want of disk space, becomes the user's. Rejects with ERR_POD_STATE. */
export async function pausePod(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
): Promise<string> {
  const pod = services.pods.find(key);
  const { domain, record } = pod;
  if (domain && record.diskPause) {
    await noteMembers(manager, pod, undefined);
    await pod.update({ diskPause: undefined });
    return record.id;
  }
  if (!domain || record.state !== 'running') throw podState('pause', pod);
  await services.sandbox.host.libxl.domainPause(domain.sandbox.domid);
  await pod.update({ state: 'paused' });
  await changeMembers(services, manager, pod, { from: 'running', event: 'pause', action: 'pause' });
  return record.id;
}

/** Notes in the records of the pod's paused containers that thaw paused them, or no longer so. */
async function noteMembers(
  manager: ContainerManager,
  pod: Pod,
  diskPause: DiskPause | undefined,
): Promise<void> {
  for (const container of membersOf(manager, pod))
    if (container.record.state === 'paused' && !container.record.isStill)
      await container.update({ diskPause });
}

/** Changes the states of the pod's containers, which are paused and resumed with its domain. */
export async function changeMembers(
  { events }: ContainerServices,
  manager: ContainerManager,
  pod: Pod,
  {
    from,
    event,
    action,
    diskPause,
  }: { from: ContainerState; event: LifecycleEvent; action: string; diskPause?: DiskPause },
): Promise<void> {
  for (const container of membersOf(manager, pod)) {
    if (container.record.state !== from || container.record.isStill) continue;
    await container.transition(event, { diskPause });
    events.tell(action, container.record);
  }
}

/**
 * Unpauses the domain. Rejects with ERR_POD_STATE when the pod is not paused, and with ERR_DISK_RESERVE when thaw paused it and the disk still has no
 * room. A pod that resumes only to `end` needs no room.
 */
export async function unpausePod(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  to: 'run' | 'end' = 'run',
): Promise<string> {
  const pod = services.pods.find(key);
  const { domain, record } = pod;
  if (!domain) throw podState('unpause', pod);
  const { libxl } = services.sandbox.host;
  const { domid } = domain.sandbox;
  if (record.state !== 'paused' && !(await libxl.domainInfo(domid)).paused)
    throw podState('unpause', pod);
  if (record.diskPause && to === 'run')
    await services.sandbox.reserve.check(record.diskPause.path, `unpause pod "${record.name}"`);
  await unpauseDomain(libxl, domid);
  await pod.update({ state: 'running', diskPause: undefined });
  await changeMembers(services, manager, pod, {
    from: 'paused',
    event: 'resume',
    action: 'unpause',
  });
  return record.id;
}

/** Removes the pod and its containers. Rejects with ERR_POD_STATE while a container runs, unless forced. */
export async function removePod(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  force: boolean,
): Promise<string> {
  const pod = services.pods.find(key);
  const members = membersOf(manager, pod);
  const running = members.find(({ record }) => isUp(record));
  if (running && !force)
    throw new PodError(
      'ERR_POD_STATE',
      `Cannot remove pod "${pod.record.name}": container "${running.record.name}" is ${running.record.state}; stop the pod first, or use --force`,
    );
  // The agent of a paused domain does not answer.
  if (force && pod.record.state === 'paused') await unpausePod(services, manager, key, 'end');
  await forAll(pod, 'remove', members, ({ record }) => manager.remove(record.id, force));
  await services.pods.remove(pod);
  return pod.record.id;
}

function podState(verb: string, { record: { name, state } }: Pod): PodError {
  return new PodError('ERR_POD_STATE', `Cannot ${verb} pod "${name}": it is ${state}`);
}

/** Acts on all containers in parallel. Tries all, then rejects with ERR_POD and the failures, if any. */
async function forAll(
  { record }: Pod,
  verb: string,
  members: readonly Container[],
  act: (container: Container) => Promise<unknown>,
): Promise<void> {
  const results = await Promise.allSettled(members.map(act));
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [describeError(result.reason)] : [],
  );
  if (reasons.length > 0)
    throw new PodError(
      'ERR_POD',
      `Cannot ${verb} all of pod "${record.name}": ${reasons.join('; ')}`,
    );
}
