// SPDX-License-Identifier: Apache-2.0
// What a `thaw run` comes to before anything is made: the container's record, and how its process starts.

import type { Client, RunOptions } from '../api/engine.js';
import { newContainerId, sandboxIdOf } from '../base/ids.js';
import type { FrozenImages } from '../clone/frozen-images.js';
import type { FrozenPlan } from '../clone/frozen-plan.js';
import type { Template } from '../clone/template.js';
import type { Image, ImageStore } from '../image/index.js';
import { goIntoMemory } from '../sandbox/layers.js';
import { checkLimits, type Limits } from '../sandbox/limits.js';
import { newSandboxRecord } from '../sandbox/record.js';
import type { ProcessStart, Sandbox } from '../sandbox/sandbox.js';
import type { SandboxServices } from '../sandbox/services.js';
import { checkFrozen, frozenFlags, planBegin } from './frozen.js';
import type { ContainerRecord } from './record.js';
import type { ProcessObject } from './spec.js';
import { planStart, processFlags } from './start.js';

export interface PlanServices {
  sandbox: SandboxServices;
  images: ImageStore;
  frozen: FrozenImages;
}

export interface RunPlan {
  record: ContainerRecord;
  /** The template, when it is that of a frozen image. */
  frozen?: Template;
  /** Starts the container's process. */
  start: (sandbox: Sandbox) => Promise<void>;
}

/** Pulls the image when it must. Rejects with what is wrong with options, image or name; nothing is acquired then but a MAC less. */
export function planRun(
  services: PlanServices,
  name: string,
  options: RunOptions,
  client: Client,
): Promise<RunPlan> {
  return options.frozen === undefined
    ? planFromImage(services, name, options, client)
    : planFromFrozen(services, name, options.frozen, options, client);
}

async function planFromImage(
  services: PlanServices,
  name: string,
  options: RunOptions,
  client: Client,
): Promise<RunPlan> {
  const limits = await checkLimits(options, services.sandbox);
  const image = await findImage(services.images, options, client);
  const layers = image.layers.map((layer) => layer.erofsPath);
  const sizes = image.layers.map((layer) => layer.bytes);
  const inMemory = goIntoMemory(sizes, limits.memoryKib);
  const record = newRecord(services, name, options, limits, { layers, inMemory });
  try {
    Object.assign(record, {
      image: options.image,
      imageId: image.id,
      flags: processFlags(options),
    });
    const start = planStart(record, image, options, client);
    Object.assign(record, processOf(start));
    return { record, start: (sandbox) => sandbox.start(start) };
  } catch (error) {
    services.sandbox.macs.delete(record.sandbox.mac);
    throw error;
  }
}

/** The image that the options name, pulled when their policy says so. */
export function findImage(
  images: ImageStore,
  options: Pick<RunOptions, 'image' | 'pull' | 'tlsVerify'>,
  client: Client,
): Promise<Image> {
  return images.resolve(options.image, {
    pullPolicy: options.pull,
    tlsVerify: options.tlsVerify,
    cwd: client.cwd,
    signal: client.signal,
    // An image that is there already is no news to somebody who wants to run it.
    onProgress: (line) => (line.endsWith('is up to date') ? undefined : client.err(`${line}\n`)),
  });
}

async function planFromFrozen(
  services: PlanServices,
  name: string,
  frozenName: string,
  options: RunOptions,
  client: Client,
): Promise<RunPlan> {
  const { plan, template } = await services.frozen.get(frozenName);
  checkFrozen(plan, options);
  const { type, memoryKib } = plan.shape;
  // What ran goes on with what it had.
  const ran = plan.kind === 'container' ? { memoryBytes: memoryKib * 1024, cpus: plan.vcpus } : {};
  const limits = await checkLimits({ ...ran, ...options, type }, services.sandbox, memoryKib);
  const layers = template.running?.disks ?? [];
  const files = { layers, inMemory: layers.length === 0 };
  const record = newRecord(services, name, options, limits, files);
  const { image, imageId } = plan;
  const flags = frozenFlags(plan, options);
  Object.assign(record, { image, imageId, flags, ...frozenProcess(plan) });
  return {
    record,
    frozen: template,
    start: (sandbox) => sandbox.begin(planBegin(record, client)),
  };
}

function frozenProcess(plan: FrozenPlan): Partial<ContainerRecord> {
  if (plan.kind === 'image') return processOf(plan.start);
  const { process, command, inGuest } = plan;
  return { command, inGuest, ...(process ? { process: process as ProcessObject } : {}) };
}

/** What a record says of the container's process. */
function processOf({ config, container }: ProcessStart) {
  const { process } = JSON.parse(config) as { process: ProcessObject };
  return { process, command: process.args, inGuest: container };
}

function newRecord(
  { sandbox }: PlanServices,
  name: string,
  options: RunOptions,
  limits: Limits,
  files: { layers: string[]; inMemory: boolean },
): ContainerRecord {
  const id = newContainerId();
  const hostname = options.hostname ?? id.slice(0, 12);
  const { rm } = options;
  return {
    ...{ id, name, image: '', imageId: '', command: [], inGuest: '', flags: 0 },
    ...{ created: Date.now(), state: 'creating', rm, cpus: limits.cpus },
    sandbox: newSandboxRecord(
      { id: sandboxIdOf(id), name, hostname, ...files },
      limits,
      sandbox.macs,
    ),
  };
}
