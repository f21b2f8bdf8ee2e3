// SPDX-License-Identifier: Apache-2.0
// The plan of a frozen image: the things that it was made of, so that it can be made again where that is possible.

import type { StartRequest } from '../../agent/wire-process.js';
import { ThawError } from '../../base/errors.js';
import type { Shape } from '../template/shape.js';

interface Common {
  name: string;
  /** The user's name for it. */
  image: string;
  imageId: string;
  /** EROFS files, lowest first: in the guest's memory or, for a container, as disks. */
  layers: string[];
  command: string[];
  shape: Shape;
  /** Milliseconds since 1970. */
  created: number;
}

/** An image with its container created and not started. */
export interface ImagePlan extends Common {
  kind: 'image';
  upperKib: number;
  start: StartRequest;
}

/** A container that was frozen while it ran. */
export interface ContainerPlan extends Common {
  kind: 'container';
  /** The agent's name for the container. */
  inGuest: string;
  /** The process of its config.json, in the form of runtime/'s records. */
  process?: object;
  /** Rights of each process, in the form of runtime/'s records. */
  limits?: object;
  /** Memory limit, where it is below the domain's memory. */
  memoryBytes?: number;
  /** Number of vCPUs online. */
  vcpus: number;
  /** The command that ran in the container before the freeze. */
  after: string;
}

export type FrozenPlan = ImagePlan | ContainerPlan;

/** Reads frozen.json. Throws where it is malformed. A file without a kind, from an older thawd, is an image's. */
export function parsePlan(text: string): FrozenPlan {
  const plan = JSON.parse(text) as Omit<FrozenPlan, 'kind'> & { kind?: string };
  const { kind = 'image' } = plan;
  if (typeof plan.name !== 'string' || !['image', 'container'].includes(kind))
    throw new ThawError('ERR_FROZEN_IMAGE', 'frozen.json does not describe a frozen image');
  return { ...plan, kind } as FrozenPlan;
}

/** Error for a container's frozen image that cannot be used, and whose memory is nowhere else. */
export function cannotRemake({ name }: FrozenPlan, why: string, cause?: unknown): ThawError {
  return new ThawError(
    'ERR_FROZEN_CONTAINER',
    `Cannot use frozen image "${name}": ${why}, and it was made of a running container, so it cannot be made again; ` +
      `remove it with thaw unfreeze ${name} and freeze a container anew`,
    { cause },
  );
}
