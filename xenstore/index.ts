// SPDX-License-Identifier: Apache-2.0
// The interface of xenstore/ for the rest of thaw.

export { openXenstore, type OpenOptions, type XenstoreClient } from './client.js';
export { isXenstoreError, XenstoreError } from './errors.js';
export { type NodeOperations, type StoreEntry, type Value } from './operations.js';
export {
  backendPath,
  domainPath,
  frontendPath,
  INTRODUCE_DOMAIN,
  isWithin,
  joinPath,
  libxlPath,
  parentPath,
  RELEASE_DOMAIN,
  vmPath,
  xsPath,
  type XsPath,
} from './paths.js';
export { permissions, type Access, type Permission } from './permissions.js';
export type { RequestOptions } from './pending-call.js';
export type { TransactionOptions } from './run-transaction.js';
export type { Transaction } from './transaction.js';
export type { ValuePredicate } from './wait-for.js';
export type { Watch, WatchEvent, WatchOptions } from './watch.js';
