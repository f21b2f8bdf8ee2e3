// SPDX-License-Identifier: Apache-2.0
// The parts of the disk's reserve that the rest of thaw may use.

export { bytesToCopy } from './copies.js';
export { DiskReserve, type ReservedFilesystem } from './disk-reserve.js';
export { DISK_REMEDY, DiskError, shortageError } from './errors.js';
export { kernelDisks, type DiskCalls, type KeptFolder, type Space } from './filesystems.js';
export { diskFolders } from './folders.js';
export { noReserve, type Reserve } from './reserve.js';
export { NOTHING, parseReserve, reserveOf, type ReserveSetting } from './setting.js';
