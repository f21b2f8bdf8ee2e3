// SPDX-License-Identifier: Apache-2.0
// The driver of a container engine's networks: the container's guest gets all interfaces of a network namespace, and follows their changes.

import type { NetworkDriver } from '../driver.js';
import { FollowedNamespace, type NamespaceGuest } from './followed-namespace.js';

/** `pid` is a process in the namespace. The container engine itself gives out addresses and publishes ports. */
export const namespaceDriver = {
  name: 'namespace',
  connect: (guest: NamespaceGuest, { pid }: { pid: number }) => new FollowedNamespace(guest, pid),
} satisfies NetworkDriver<NamespaceGuest, { pid: number }, FollowedNamespace>;
