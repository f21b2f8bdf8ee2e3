// SPDX-License-Identifier: Apache-2.0
// The driver of networks that an engine makes: the guest of its container gets all interfaces of a network namespace, and follows their changes.

import type { NetworkDriver } from '../driver.js';
import { FollowedNamespace, type NamespaceGuest } from './followed-namespace.js';

/** `pid` is a process in the namespace. The engine gives out addresses and publishes ports itself. */
export const namespaceDriver = {
  name: 'namespace',
  connect: (guest: NamespaceGuest, { pid }: { pid: number }) => new FollowedNamespace(guest, pid),
} satisfies NetworkDriver<NamespaceGuest, { pid: number }, FollowedNamespace>;
