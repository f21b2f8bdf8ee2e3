// SPDX-License-Identifier: Apache-2.0
// Requests about templates and frozen images, and the answers to them.

import type { DomainType, ProcessOptions } from './container.js';

export interface FreezeOptions extends ProcessOptions {
  image: string;
  name: string;
  cpus?: number;
  type?: DomainType;
  pull: 'missing' | 'always' | 'never';
  tlsVerify: boolean;
  /** Absolute path of the file with logins for registries. */
  authFile?: string;
}

/** Options for freezing a running container. */
export interface FreezeContainerOptions {
  name: string;
  /** Command for the container's shell before the freeze; '' for none. */
  after: string;
}

/** A frozen image, or a kernel template, which has no name. */
export interface TemplateSummary {
  /** `kernel`: a guest without an image; `image`: an image with its container created; `container`: a container that ran. */
  kind: 'kernel' | 'image' | 'container';
  name?: string;
  image?: string;
  command?: string[];
  /** Milliseconds since 1970; only of a frozen image. */
  created?: number;
  key?: string;
  type: DomainType;
  vcpus: number;
  memoryBytes: number;
  /** Bytes that a clone copies; unknown while the template is not in memory. */
  bytes?: number;
  /** Clones in the pool. */
  ready: number;
}
