// SPDX-License-Identifier: Apache-2.0
// Says what follows for an administrator's container from the sandbox that it is a member of.

import type { CreateOptions } from '../../api/engine.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { Pods } from '../pod/index.js';
import type { CgroupLimits } from '../resize/send-limits.js';

/** Options of a container that its sandbox may refuse. */
export type MemberOptions = {
  [K in 'devices' | 'frozen' | 'memoryBytes' | 'cpus']?: CreateOptions[K] | undefined;
};

export interface MemberServices {
  sandbox: SandboxServices;
  pods: Pods;
}

/** A container's part in a sandbox: all of its own domain, or a slot of its pod's domain. */
export interface Membership {
  /** True where the domain is the container's alone. Its size, its pause and its copies are then the container's. */
  readonly ownsDomain: boolean;
  /** The limits that the container itself was given. */
  readonly limits: Pick<CgroupLimits, 'cpus' | 'memoryBytes'>;
  /** Throws ERR_USAGE for options that a container in this sandbox cannot have. */
  checkOptions(options: MemberOptions): void;
  /** Throws ERR_CONTAINER_POD unless the container can resume while the rest of its sandbox stays as it is. `isPaused` is the domain's state. */
  checkUnpause(isPaused: boolean): void;
  /** Resolves with the sandbox that an earlier thawd left if its shim answers, otherwise with undefined. */
  find(events: ShimEvents): Promise<ContainerSandbox | undefined>;
  /** Asks the shim without taking the sandbox over. Resolves with undefined where there is no shim. */
  ask<T>(look: (shim: ContainerSandbox['shim']) => Promise<T>): Promise<T | undefined>;
  /** Keeps the addresses and MACs that an earlier thawd gave. */
  adoptAddresses(): Promise<void>;
  /** Releases the parts of the host that a sandbox without a shim leaves. */
  release(): Promise<void>;
}
