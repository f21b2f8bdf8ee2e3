// SPDX-License-Identifier: Apache-2.0
// Plans the parts of a frozen image, and the start of a container from it.

import { ProcessFlag } from '../../api/wire.js';
import type { Client, FreezeOptions, CreateOptions } from '../../api/engine.js';
import type { BeginRequest } from '../../agent/wire-process.js';
import { newContainerId, sandboxIdOf } from '../../base/ids.js';
import { frozenMemoryKib } from '../../clone/frozen/image.js';
import type { FrozenPlan, ImagePlan } from '../../clone/frozen/plan.js';
import { shapeFor } from '../../clone/template/shape.js';
import type { Image } from '../../image/index.js';
import { DEFAULT_MEMORY_BYTES, type Limits } from '../../sandbox/size/size.js';
import { ROOTFS } from '../../sandbox/sandbox.js';
import { INIT_PROCESS } from '../../sandbox/shim/execs.js';
import { ContainerError } from '../errors.js';
import type { ContainerRecord } from '../store/record.js';
import { boundFiles, planStart } from '../create/first-process.js';

/** Plans a frozen image. Its stdin is open, as only a later run decides whether to feed it. BEGIN may close it. */
export function planFreeze(
  image: Image,
  options: FreezeOptions,
  client: Client,
  limits: Limits,
  hostCpus: number,
): ImagePlan {
  const tty = options.tty ? ProcessFlag.TTY : 0;
  const given = {
    flags: ProcessFlag.STDIN | tty,
    cpus: Math.ceil(limits.cpus),
    // Placeholders until BEGIN gives the container its own values.
    sandbox: { id: sandboxIdOf(newContainerId()), machineId: '0'.repeat(32) },
  };
  // The size of the freezing terminal would be wrong in most clones.
  const start = planStart(given, image, options, { env: client.env, rows: 0, cols: 0 });
  const config = JSON.parse(start.config) as { process: { args: string[] } };
  const { type, vcpus } = shapeFor(limits.type, given.cpus, hostCpus);
  return {
    kind: 'image',
    name: options.name,
    image: options.image,
    imageId: image.id,
    layers: image.layers.map((layer) => layer.erofsPath),
    command: config.process.args,
    shape: { type, vcpus, memoryKib: frozenMemoryKib(image.size) },
    upperKib: DEFAULT_MEMORY_BYTES / 1024 / 2,
    start: { ...start, rootfs: ROOTFS },
    created: Date.now(),
  };
}

/** Throws ERR_USAGE when `thaw run` asks for another value of a property that was fixed when the image was frozen. */
export function checkFrozen(plan: FrozenPlan, options: CreateOptions): void {
  const { name, shape } = plan;
  const refuse = (option: string, is: string): never => {
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use ${option} with --frozen ${name}: it was frozen ${is}; freeze it again with that option`,
    );
  };
  if (options.tty && !(flagsOf(plan) & ProcessFlag.TTY)) refuse('--tty', 'without a terminal');
  if (options.interactive && !(flagsOf(plan) & ProcessFlag.STDIN))
    refuse('--interactive', 'while it ran, with its standard input at its end');
  if (options.type !== undefined && options.type !== shape.type)
    refuse(`--type ${options.type}`, `as ${shape.type}`);
  const { cpus = 1 } = options;
  if (plan.kind === 'container' && options.cpus !== undefined && cpus !== plan.vcpus)
    refuse(`--cpus ${cpus}`, `with ${plan.vcpus}`);
  if (!Number.isInteger(cpus) || cpus > shape.vcpus)
    refuse(`--cpus ${cpus}`, `for up to ${shape.vcpus} whole CPUs`);
}

/** Returns the request that resumes the created or held container with the identity of `record`. */
export function planBegin(
  record: ContainerRecord,
  client: Pick<Client, 'rows' | 'cols'>,
): BeginRequest {
  const { sandbox, flags, inGuest: container } = record;
  return {
    process: INIT_PROCESS,
    flags,
    rows: client.rows,
    cols: client.cols,
    container,
    hostname: sandbox.hostname,
    files: boundFiles(sandbox, record.options),
  };
}

/** Returns the flags of the container's process in a clone. */
export function frozenFlags(plan: FrozenPlan, options: CreateOptions): number {
  return (flagsOf(plan) & ProcessFlag.TTY) | (options.interactive ? ProcessFlag.STDIN : 0);
}

/** Returns the flags of the freeze. A container that ran has neither flag: it could not have been frozen with one. */
function flagsOf(plan: FrozenPlan): number {
  return plan.kind === 'image' ? plan.start.flags : 0;
}
