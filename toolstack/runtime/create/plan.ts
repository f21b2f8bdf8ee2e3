// SPDX-License-Identifier: Apache-2.0
// Plans a `thaw run` before anything is made: the container's record, and the start of its process.

import { constants } from 'node:os';
import type { Client, CreateOptions } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { newContainerId, sandboxIdOf, type ContainerId } from '../../base/ids.js';
import { signalNumber } from '../../base/signals.js';
import type { FrozenImages } from '../../clone/frozen/images.js';
import type { FrozenPlan } from '../../clone/frozen/plan.js';
import type { Running } from '../../clone/template/template.js';
import type { ImageStore } from '../../image/index.js';
import { ownDomain, podDomain, type Enter } from '../membership/enter.js';
import type { Pods } from '../pod/index.js';
import type { MemberSlot } from '../shared-domain/index.js';
import { attachNetwork } from '../../sandbox/devices/network-request.js';
import { goIntoMemory } from '../../sandbox/boot/layers.js';
import { checkLimits, limitWithin, MIN_DOMAIN_KIB, type Limits } from '../../sandbox/size/size.js';
import { newSandboxRecord, type SandboxRecord } from '../../sandbox/record.js';
import { giveBackAddresses } from '../../sandbox/release.js';
import type { ContainerSandbox, ProcessStart } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import { releaseHost } from './volumes.js';
import type { Volumes } from '../../volume/index.js';
import { sandboxDevices } from './devices.js';
import { ContainerError } from '../errors.js';
import { checkFrozen, frozenFlags, planBegin } from '../snapshot/frozen.js';
import { findImage, ownImage } from '../store/image-of.js';
import { memberRecord, planMember } from './plan-member.js';
import { bindsOf, nameVolumes, planMounts } from './mounts.js';
import type { ContainerRecord } from '../store/record.js';
import type { ProcessObject } from './guest-config.js';
import { clientEnv, planStart, processFlags } from './first-process.js';

export interface PlanServices {
  sandbox: SandboxServices;
  images: ImageStore;
  frozen: FrozenImages;
  volumes: Volumes;
  pods: Pods;
}

export interface RunPlan {
  record: ContainerRecord;
  /** Enters the container's sandbox: makes its domain, or takes a slot in its pod's. */
  enter: Enter;
  /** Starts the container's process. `place` has the container's parts of its pod's domain. */
  start: (sandbox: ContainerSandbox, place?: MemberSlot) => Promise<void>;
}

const { SIGTERM } = constants.signals;

/** Identifies the planned container. An existing container keeps its id and image. */
interface Who {
  name: string;
  id?: ContainerId;
  imageId?: string;
}

/** Pulls the image if necessary. Rejects for wrong options, image or name, and then leaves at most a MAC address taken. */
export async function planRun(
  services: PlanServices,
  who: Who,
  given: CreateOptions,
  client: Client,
): Promise<RunPlan> {
  // A later start may come from a client with another environment.
  const options = { ...given, env: clientEnv(given.env, client.env) };
  if (options.pod !== undefined) return planInPod(services, who, options, client);
  if (options.frozen === undefined) return planFromImage(services, who, options, client);
  const plan = await planFromFrozen(services, who, options.frozen, options, client);
  plan.record.options = options;
  return plan;
}

/**
 * Plans the next run of the same container, in a new sandbox, and changes process and sandbox in its record. Rejects as planRun() does, and
 * with ERR_CONTAINER_STATE for a copy of a container that ran.
 */
export async function planAgain(
  services: PlanServices,
  record: ContainerRecord,
  client: Client,
): Promise<RunPlan> {
  const { name, id, imageId, options } = record;
  if (!options)
    throw new ContainerError(
      'ERR_CONTAINER_STATE',
      `Cannot start container "${name}": it is a copy of another container's memory, which is gone; clone the original again`,
    );
  const { hostname } = record.sandbox;
  const plan = await planRun(services, { name, id, imageId }, { ...options, hostname }, client);
  const { command, process, inGuest, flags, cpus, sandbox } = plan.record;
  Object.assign(record, { command, process, inGuest, flags, cpus, sandbox });
  delete record.place;
  return { ...plan, record };
}

async function planFromImage(
  services: PlanServices,
  who: Who,
  options: CreateOptions,
  client: Client,
): Promise<RunPlan> {
  const limits = await checkLimits(options, services.sandbox);
  const image =
    who.imageId === undefined
      ? await findImage(services.images, options, client)
      : await ownImage(services.images, who.imageId);
  const layers = image.layers.map((layer) => layer.erofsPath);
  const sizes = image.layers.map((layer) => layer.bytes);
  const inMemory = goIntoMemory(sizes, limits.memoryKib);
  const record = await newRecord(services, who, options, limits, { layers, inMemory });
  try {
    Object.assign(record, {
      image: options.image,
      imageId: image.id,
      flags: processFlags(options),
      stopSignal: options.stopSignal ?? signalNumber(image.config.stopSignal ?? '') ?? SIGTERM,
    });
    record.options = options;
    const memoryBytes = limitWithin(options.memoryBytes);
    if (memoryBytes !== undefined) record.memoryBytes = memoryBytes;
    Object.assign(record.sandbox, sandboxDevices(options));
    const start = await withMounts(services, record, () =>
      planStart(record, image, options, client, bindsOf(options.mounts)),
    );
    Object.assign(record, processOf(start));
    return { record, enter: ownDomain(), start: (sandbox) => sandbox.start(start) };
  } catch (error) {
    giveBackAddresses(services.sandbox, record.sandbox);
    throw error;
  }
}

async function planInPod(
  services: PlanServices,
  who: Who,
  options: CreateOptions,
  client: Client,
): Promise<RunPlan> {
  const pod = services.pods.find(options.pod ?? '');
  const image =
    who.imageId === undefined
      ? await findImage(services.images, options, client)
      : await ownImage(services.images, who.imageId);
  const id = who.id ?? newContainerId();
  const { disk } = writableLayer(services.sandbox, id, options, undefined);
  const record = memberRecord(pod, { id, name: who.name, image, disk }, options);
  const plan = (device?: number): ProcessStart => planMember(pod, record, image, client, device);
  Object.assign(record, processOf(await withMounts(services, record, plan)));
  return {
    record,
    enter: podDomain(pod),
    start: (sandbox, place) => sandbox.start(plan(place?.files)),
  };
}

/** Plans the start and then the mounts, which may make volumes: all other checks of the user's options come first. */
async function withMounts(
  { volumes, sandbox: { host } }: PlanServices,
  record: ContainerRecord,
  plan: () => ProcessStart,
): Promise<ProcessStart> {
  const start = plan();
  const { options } = record;
  if (!options?.mounts) return start;
  const made: string[] = [];
  try {
    const mounts = await nameVolumes(volumes, options, record.id, made);
    record.options = { ...options, mounts };
    record.sandbox.files = await planMounts(volumes, mounts, record.id);
    return start;
  } catch (error) {
    await releaseHost({ volumes, log: host.log }, record);
    for (const name of made) await volumes.remove(name).catch(() => undefined);
    throw error;
  }
}

async function planFromFrozen(
  services: PlanServices,
  who: Who,
  frozenName: string,
  options: CreateOptions,
  client: Client,
): Promise<RunPlan> {
  const { plan, template } = await services.frozen.get(frozenName);
  checkFrozen(plan, options);
  const { type, memoryKib } = plan.shape;
  // A container that ran keeps its memory and CPUs, unless the options change them.
  const ran = plan.kind === 'container' ? { memoryBytes: memoryKib * 1024, cpus: plan.vcpus } : {};
  const limits = await checkLimits(
    { ...ran, ...options, type },
    services.sandbox,
    Math.max(memoryKib, MIN_DOMAIN_KIB),
  );
  const layers = template.running?.disks ?? [];
  const files = { layers, inMemory: layers.length === 0 };
  const record = await newRecord(services, who, options, limits, files, template.running);
  const { image, imageId } = plan;
  const flags = frozenFlags(plan, options);
  Object.assign(record, { image, imageId, flags, ...frozenProcess(plan) });
  return {
    record,
    enter: ownDomain(template),
    start: (sandbox) => sandbox.begin(planBegin(record, client)),
  };
}

function frozenProcess(plan: FrozenPlan): Partial<ContainerRecord> {
  if (plan.kind === 'image') return processOf(plan.start);
  const { process, limits, command, inGuest, memoryBytes } = plan;
  return {
    command,
    inGuest,
    ...(process ? { process: process as ProcessObject } : {}),
    ...(limits ? { limits } : {}),
    ...defined({ memoryBytes }),
  };
}

/** Returns the fields of a record that describe the container's process. */
function processOf({ config, container }: ProcessStart) {
  const { process } = JSON.parse(config) as { process: ProcessObject };
  return { process, command: process.args, inGuest: container };
}

/** Returns a disk for a container that may start again. A --rm container, or one frozen so, has its writable layer in memory. */
function writableLayer(
  { disks }: SandboxServices,
  id: ContainerId,
  { rm, frozen, storageBytes }: CreateOptions,
  running: Running | undefined,
): Pick<SandboxRecord, 'disk' | 'upperKib'> {
  if (frozen !== undefined)
    return running?.upper ? { disk: disks.of(id, running.upper.bytes) } : {};
  if (!rm) return { disk: disks.of(id, storageBytes) };
  return storageBytes === undefined ? {} : { upperKib: Math.ceil(storageBytes / 1024) };
}

async function newRecord(
  { sandbox }: PlanServices,
  { name, id = newContainerId() }: Who,
  options: CreateOptions,
  limits: Limits,
  files: { layers: string[]; inMemory: boolean },
  running?: Running,
): Promise<ContainerRecord> {
  const hostname = options.hostname ?? id.slice(0, 12);
  const { rm } = options;
  const own = newSandboxRecord(
    {
      id: sandboxIdOf(id),
      name,
      hostname,
      ...files,
      ...writableLayer(sandbox, id, options, running),
    },
    limits,
    sandbox.macs,
    options.macAddress,
  );
  try {
    const network = await attachNetwork(sandbox, name, options);
    if (network) own.network = network;
  } catch (error) {
    giveBackAddresses(sandbox, own);
    throw error;
  }
  return {
    id,
    name,
    image: '',
    imageId: '',
    command: [],
    inGuest: '',
    flags: 0,
    created: Date.now(),
    state: 'creating',
    rm,
    cpus: limits.cpus,
    ...defined({ owner: options.owner }),
    sandbox: own,
  };
}
