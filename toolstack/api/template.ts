// SPDX-License-Identifier: Apache-2.0
// What can be asked of templates, and what is told of them.

import type { DomainType, ProcessOptions } from './container.js';

export interface FreezeOptions extends ProcessOptions {
  image: string;
  name: string;
  cpus?: number;
  type?: DomainType;
  pull: 'missing' | 'always' | 'never';
  tlsVerify: boolean;
  /** Where the logins for registries are; absolute. */
  authFile?: string;
}

/** A running container as what is frozen. */
export interface FreezeContainerOptions {
  name: string;
  /** Run in it before, by its shell; '' for nothing. */
  after: string;
}

/** A template: of a frozen image, or the kernel alone when it has no name. */
export interface TemplateSummary {
  /** What was frozen: a guest without an image, an image with its container created, or a container that ran. */
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
  /** Of what is copied into a clone; unknown while it is not in memory. */
  bytes?: number;
  /** Clones that wait. */
  ready: number;
}
