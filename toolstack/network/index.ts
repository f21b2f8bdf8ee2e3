// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of networks.

export { addressBytes } from './address.js';
export type { AttachedAddress, Attachment, PublishedPort } from './attachment.js';
export { CniPlaces } from './cni.js';
export { AARDVARK, NameServer } from './dns.js';
export { NetworkError } from './errors.js';
export { kernelNetwork, type HostNetwork } from './host-network.js';
export type { AttachRequest } from './attachments.js';
export { DEFAULT_NETWORK, Networks } from './networks.js';
export { emptyMessages, linkMessages, unsureOf } from './carried.js';
export {
  keepDhcp,
  readLinks,
  redirectLink,
  setMtu,
  watchNamespace,
  type NamespaceLink,
} from './namespace.js';
export { askingAddress, findResolver, openResolver, resolverMessages } from './resolver.js';
export type { NetworkWish } from './plan.js';
export type { NetworkRecord } from './record.js';
