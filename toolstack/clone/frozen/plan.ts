// SPDX-License-Identifier: Apache-2.0
// What is written down of a frozen image: what it was made of, so that it can be made again where that is possible.

import type { StartRequest } from '../../agent/wire-process.js';
import { ThawError } from '../../base/errors.js';
import type { Shape } from '../template/shape.js';

interface Common {
  name: string;
  /** As the user called it. */
  image: string;
  imageId: string;
  /** EROFS files, lowest first: what is put into its memory or, of a container, what it has as disks. */
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

/** A container as it was while it ran. */
export interface ContainerPlan extends Common {
  kind: 'container';
  /** What the agent calls it. */
  inGuest: string;
  /** Its process as config.json had it; the container's records know more of it than clone/ does. */
  process?: object;
  /** What each process in it may do; as `process`. */
  limits?: object;
  /** How much memory it may have, where that is less than its domain's. */
  memoryBytes?: number;
  /** vCPUs that are online. */
  vcpus: number;
  /** What was run in it before. */
  after: string;
}

export type FrozenPlan = ImagePlan | ContainerPlan;

/** Reads frozen.json. Throws when it is none; what was written before there were kinds is an image's. */
export function parsePlan(text: string): FrozenPlan {
  const plan = JSON.parse(text) as Omit<FrozenPlan, 'kind'> & { kind?: string };
  const { kind = 'image' } = plan;
  if (typeof plan.name !== 'string' || !['image', 'container'].includes(kind))
    throw new ThawError('ERR_FROZEN_IMAGE', 'Its description is none of a frozen image');
  return { ...plan, kind } as FrozenPlan;
}

/** What is wrong with one whose memory was a running container's, and is nowhere else. */
export function cannotRemake({ name }: FrozenPlan, why: string, cause?: unknown): ThawError {
  return new ThawError(
    'ERR_FROZEN_CONTAINER',
    `Cannot use frozen image "${name}": ${why}, and it was made of a running container, so it cannot be made again; ` +
      `remove it with thaw unfreeze ${name} and freeze a container anew`,
    { cause },
  );
}
