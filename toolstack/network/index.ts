// SPDX-License-Identifier: Apache-2.0
// The parts of networks that the rest of thaw may use.

export { addressBytes } from './addresses/ip-address.js';
export {
  readAttachment,
  type AttachedAddress,
  type Attachment,
  type PublishedPort,
} from './attachment.js';
export { AARDVARK, NameServer } from './dns/name-server.js';
export type { GuestInterface } from './drivers/driver.js';
export {
  namespaceDriver,
  type CarriedLink,
  type CniFolders,
  type FollowedNamespace,
  type NamespaceGuest,
} from './drivers/registry.js';
export { NetworkError } from './errors.js';
export { macBytes } from './netlink/message.js';
export { kernelNetwork, type HostNetwork } from './host-network.js';
export { DEFAULT_NETWORK, Networks } from './networks.js';
export type { NetworkRecord } from './record.js';
export type { AttachRequest, NetworkRequest } from './request.js';
