// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of networks.

export { addressBytes } from './addresses/address.js';
export type { AttachedAddress, Attachment, PublishedPort } from './attachment.js';
export { CniPlaces } from './drivers/cni/cni.js';
export { AARDVARK, NameServer } from './dns/dns.js';
export { NetworkError } from './errors.js';
export { kernelNetwork, type HostNetwork } from './drivers/bridge/host-network.js';
export type { AttachRequest } from './attachments.js';
export { DEFAULT_NETWORK, Networks } from './networks.js';
export { emptyMessages, linkMessages, unsureOf } from './drivers/namespace/interface-state.js';
export {
  keepDhcp,
  readLinks,
  redirectLink,
  setMtu,
  watchNamespace,
  type NamespaceLink,
} from './drivers/namespace/namespace.js';
export { askingAddress, findResolver, openResolver, resolverMessages } from './dns/resolver.js';
export type { NetworkWish } from './plan.js';
export type { NetworkRecord } from './record.js';
